// Runs operations of an `async_core` in the thread that calls. Knows nothing of
// locks or HTTP.
#pragma once

#include "net/client/async_core.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

/// Thread-safe. Each call has an I/O context of its own while it runs, so a client
/// needs no thread, and a call that waits never delays another. The last context with a
/// connection is kept for the next call.
class blocking_core {
public:
  using core_ptr = std::shared_ptr<async_core>;

  blocking_core(std::string host, std::uint16_t port, const client_options& options);
  blocking_core(const blocking_core&) = delete;
  blocking_core& operator=(const blocking_core&) = delete;
  ~blocking_core();

  /// Returns what the `awaitable<T>` comes to that `start` makes of a core; throws what
  /// that throws.
  template <class T, class Start>
  T run(const Start& start) {
    std::optional<T> result;
    run_in_context([&](core_ptr core) -> boost::asio::awaitable<void> {
      T x = co_await start(core);
      result.emplace(std::move(x));
    });
    return std::move(*result);
  }

  /// In a process that was forked from the one that made it: lets go of the kept
  /// connection, after which this must not be used.
  void leave_to_parent();

  const std::string host;
  const std::uint16_t port;
  const client_options options;

private:
  struct lane;

  void run_in_context(const std::function<boost::asio::awaitable<void>(core_ptr)>& start);
  std::unique_ptr<lane> take_lane();

  // Not guarded by a mutex, which a fork could catch in the hands of a thread that
  // is not there in the child.
  std::atomic<lane*> idle_ = nullptr;
};

} // namespace lockserver
