#include "net/client/operations.hpp"

#include "actors/rules/random_name.hpp"
#include "lockserver/boot_clock.hpp"
#include "net/client/v1_answer.hpp"
#include "net/client/v1_request.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <random>
#include <system_error>
#include <utility>

namespace lockserver::operations {

using namespace client;

namespace asio = boost::asio;

namespace {

client_options::duration wait_of(const async_core& core, const v1::request& x) {
  return x.wait ? client_options::duration{*x.wait} : core.target.options.longest_wait;
}

// Sends the request, unless its input is wrong, and reads the answer. If the answer makes
// no sense, the connection is not kept.
template <class T, class Read>
awaitable_answer<T> perform(core_ptr core, v1::request x, effort limits, Read read) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!x.wrong.empty())
    co_return v1::refused(std::move(x.wrong));
  std::optional<answer<T>> judged;
  answer_check check = [&](const exchange_result& got) {
    judged = read(got, core->server);
    return *judged || judged->error() != errc::bad_answer;
  };
  auto again = x.repeatable ? repeat::once : repeat::never;
  auto got = co_await core->ask(std::move(x.call), again, limits, check);
  if (!judged)
    judged = read(got, core->server);
  co_return std::move(*judged);
}

template <class T, class Read>
awaitable_answer<T> perform(core_ptr core, v1::request x, Read read) {
  auto limits = usual_effort(core->target.options, wait_of(*core, x));
  return perform<T>(std::move(core), std::move(x), limits, std::move(read));
}

// Calls `try_once` until its answer is not worth another try.
template <class T, class Try>
awaitable_answer<T> persist(core_ptr core, persistence plan, Try try_once) {
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer{core->executor};
  for (;;) {
    answer<T> result = co_await try_once();
    if (result)
      co_return result;
    auto pause = plan.pause_after(result.error(), boot_clock::now(), std::random_device{}());
    if (!pause)
      co_return result;
    boost::system::error_code ec;
    timer.expires_after(*pause);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      problem called_off;
      called_off.code = errc::cancelled;
      called_off.detail = core->server + ": " + called_off.code.message();
      co_return called_off;
    }
  }
}

// Its coroutine keeps it as long as it tries.
struct acquisition {
  core_ptr core;
  std::string key;
  std::string owner;
  acquire_options options;
  boot_clock::time_point began = boot_clock::now();
  milliseconds patience{};
  effort::clock::time_point give_up{};
  bool first = true;

  awaitable_answer<grant> operator()() {
    v1::grant_request what{key, owner, boot_clock::now(), options.hold == lock_hold::connection};
    auto request = v1::acquire(key, owner, v1::remaining(options, what.sent - began));
    request.repeatable = false; // repeated here, with the rest of the wait
    auto limits = usual_effort(core->target.options, wait_of(*core, request));
    if (!std::exchange(first, false)) {
      limits.attempts = 1;
      limits.give_up = give_up;
    }
    auto read = [what](const exchange_result& x, const std::string& server) {
      return v1::read_grant(x, server, what);
    };
    return perform<grant>(core, std::move(request), limits, read);
  }
};

// The same for a release by a token. The token makes it safe to repeat.
struct giving_back {
  core_ptr core;
  v1::request request;
  effort limits;
  bool sent = false;

  awaitable_answer<void> operator()() {
    auto read = [this](exchange_result x, const std::string& server) {
      x.repeated = x.repeated || sent;
      sent = sent || x.sent;
      return v1::read_release(x, server);
    };
    return perform<void>(core, request, limits, read);
  }
};

// Reads the answer to a renewal that is sent now.
auto renewal_reader(std::string key, std::string owner, std::optional<milliseconds> ttl) {
  v1::grant_request what{std::move(key), std::move(owner), boot_clock::now()};
  return [what, ttl](const exchange_result& x, const std::string& server) {
    auto result = v1::read_grant(x, server, what);
    if (result)
      result->asked_ttl = ttl;
    return result;
  };
}

} // namespace

awaitable_answer<grant> acquire(core_ptr core, std::string key, std::string owner,
                                acquire_options options) {
  co_await asio::this_coro::throw_if_cancelled(false);
  acquisition all{core, std::move(key), std::move(owner), std::move(options)};
  if (all.options.request_id.empty())
    all.options.request_id = random_name();
  auto& x = core->target.options;
  all.patience
    = all.options.wait.value_or(std::chrono::duration_cast<milliseconds>(bounded(x.longest_wait)));
  all.give_up = effort::clock::now() + bounded(all.patience) + bounded(x.connect_timeout)
                + bounded(x.answer_timeout);
  persistence plan{all.began, all.patience, false};
  answer<grant> result = co_await persist<grant>(core, plan, std::ref(all));
  if (result) {
    result->lease = all.options.lease;
    result->asked_ttl = all.options.ttl;
  }
  co_return result;
}

awaitable_answer<grant> renew(core_ptr core, std::string key, std::string owner,
                              std::uint64_t token, std::optional<milliseconds> ttl) {
  auto limits = usual_effort(core->target.options);
  return renew_within(std::move(core), std::move(key), std::move(owner), token, ttl, limits);
}

awaitable_answer<grant> renew_within(core_ptr core, std::string key, std::string owner,
                                     std::uint64_t token, std::optional<milliseconds> ttl,
                                     effort limits) {
  auto request = v1::renew(key, owner, token, ttl);
  return perform<grant>(std::move(core), std::move(request), limits,
                        renewal_reader(std::move(key), std::move(owner), ttl));
}

awaitable_answer<grant> renew_on(async_connection& connection, const std::string& server,
                                 const std::string& key, const std::string& owner,
                                 std::uint64_t token, std::optional<milliseconds> ttl,
                                 effort::clock::time_point deadline) {
  auto read = renewal_reader(key, owner, ttl);
  auto request = v1::renew(key, owner, token, ttl);
  auto got = co_await connection.exchange(request.call, deadline);
  co_return read(got, server);
}

awaitable_answer<void> release(core_ptr core, std::string key, std::string owner,
                               std::uint64_t token) {
  if (token == 0)
    return perform<void>(std::move(core), v1::release(key, owner, token), v1::read_release);
  persistence plan{boot_clock::now(), bounded(core->target.options.answer_timeout), false};
  auto limits = usual_effort(core->target.options);
  return release_within(std::move(core), std::move(key), std::move(owner), token, plan, limits);
}

awaitable_answer<void> release_within(core_ptr core, std::string key, std::string owner,
                                      std::uint64_t token, persistence plan, effort limits) {
  co_await asio::this_coro::throw_if_cancelled(false);
  giving_back all{core, v1::release(key, owner, token), limits};
  answer<void> result = co_await persist<void>(core, plan, std::ref(all));
  co_return result;
}

awaitable_answer<bool> force_release(core_ptr core, const std::string& key) {
  return perform<bool>(std::move(core), v1::force_release(key), v1::read_released);
}

awaitable_answer<lock_info> inspect(core_ptr core, std::string key) {
  auto request = v1::inspect(key);
  return perform<lock_info>(std::move(core), std::move(request),
                            [key = std::move(key)](const exchange_result& x,
                                                   const std::string& server) {
                              return v1::read_lock(x, server, key);
                            });
}

awaitable_answer<lock_page> list(core_ptr core, list_options options) {
  auto request = v1::list(options);
  return perform<lock_page>(std::move(core), std::move(request),
                            [after = std::move(options.after)](const exchange_result& x,
                                                               const std::string& server) {
                              return v1::read_page(x, server, after);
                            });
}

awaitable_answer<lease> create_lease(core_ptr core, const std::string& owner,
                                     std::optional<milliseconds> ttl) {
  return perform<lease>(std::move(core), v1::create_lease(ttl, owner), v1::read_new_lease);
}

awaitable_answer<lease> renew_lease(core_ptr core, std::string id) {
  auto request = v1::renew_lease(id);
  return perform<lease>(std::move(core), std::move(request),
                        [id = std::move(id)](const exchange_result& x, const std::string& server) {
                          return v1::read_lease(x, server, id);
                        });
}

awaitable_answer<lease_info> inspect_lease(core_ptr core, std::string id, const lease_page& page) {
  auto request = v1::inspect_lease(id, page);
  return perform<lease_info>(std::move(core), std::move(request),
                             [id = std::move(id)](const exchange_result& x,
                                                  const std::string& server) {
                               return v1::read_lease_info(x, server, id);
                             });
}

awaitable_answer<void> end_lease(core_ptr core, std::string id) {
  auto request = v1::end_lease(id);
  return perform<void>(std::move(core), std::move(request),
                       [id = std::move(id)](const exchange_result& x, const std::string& server) {
                         return v1::read_lease_end(x, server, id);
                       });
}

awaitable_answer<server_info> server(core_ptr core) {
  return perform<server_info>(std::move(core), v1::server(), v1::read_server);
}

awaitable_answer<access_info> access(core_ptr core) {
  return perform<access_info>(std::move(core), v1::access(), v1::read_access);
}

awaitable_answer<void> ping(core_ptr core) {
  auto limit = core->target.options.ping_timeout;
  effort once{1, {}, limit, limit};
  once.give_up = once.until(limit);
  return perform<void>(std::move(core), v1::ping(), once, v1::read_ping);
}

problem thrown_problem() {
  try {
    throw;
  } catch (const boost::system::system_error& x) { // no file descriptors left
    return {x.code(), x.what()};
  } catch (const std::system_error& x) { // no threads left
    return {x.code(), x.what()};
  } catch (const std::exception& x) {
    return {std::make_error_code(std::errc::not_enough_memory), x.what()};
  }
}

} // namespace lockserver::operations
