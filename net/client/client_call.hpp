// How the blocking client performs a request of the JSON dialect: once, or again
// until its time is over.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/client_error.hpp"
#include "net/client/client_core.hpp"
#include "net/client/client_retry.hpp"
#include "net/client/v1_answer.hpp"
#include "net/client/v1_request.hpp"

#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace lockserver {

/// Sends the request, unless its input is wrong, and reads the answer. A connection
/// with an answer that makes no sense is not kept.
/// @param read makes a `client::answer` of an `exchange_result`; called once.
template <class Read>
auto perform(client_core& core, v1::request x, const effort& limits, Read read)
  -> decltype(read(exchange_result{})) {
  if (!x.wrong.empty())
    return v1::refused(std::move(x.wrong));
  std::optional<decltype(read(exchange_result{}))> judged;
  auto result = core.ask(x.call, x.repeatable ? repeat::once : repeat::never, limits,
                         [&](const exchange_result& answer) {
                           judged = read(answer);
                           return judged->error() != errc::bad_answer;
                         });
  if (judged)
    return std::move(*judged);
  return read(result);
}

/// Calls `try_once` until its answer is not worth another try.
template <class Try>
auto persist(persistence plan, Try try_once) -> decltype(try_once()) {
  for (;;) {
    auto result = try_once();
    if (result)
      return result;
    auto pause = plan.pause_after(result.why(), boot_clock::now(), std::random_device{}());
    if (!pause)
      return result;
    std::this_thread::sleep_for(*pause);
  }
}

/// Gives a grant back by its token, which makes it safe to ask again.
inline client::answer<client::done> release_grant(client_core& core, persistence plan,
                                                  const effort& limits,
                                                  const v1::request& request) {
  auto sent = false;
  return persist(plan, [&] {
    return perform(core, request, limits, [&](exchange_result x) {
      x.repeated = x.repeated || sent;
      sent = sent || x.sent;
      return v1::read_release(x, core.server);
    });
  });
}

} // namespace lockserver
