// Runs operations of an `async_core` in the calling thread. Knows neither locks nor HTTP.
#pragma once

#include "net/client/async_core.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace lockserver {

/// Thread-safe. Each call has its own I/O context while it runs. So a client needs no
/// thread, and a call that waits never delays another. The last context with a connection
/// is kept for the next call.
class blocking_core {
public:
  using core_ptr = std::shared_ptr<async_core>;

  explicit blocking_core(client_target target);
  blocking_core(const blocking_core&) = delete;
  blocking_core& operator=(const blocking_core&) = delete;
  ~blocking_core();

  /// Runs the `awaitable<T>` that `start` makes with a core. Returns and throws what it
  /// does.
  template <class T, class Start>
  T run(const Start& start) {
    std::optional<T> result;
    run_in_context([&](core_ptr core) -> boost::asio::awaitable<void> {
      T x = co_await start(core);
      result.emplace(std::move(x));
    });
    return std::move(*result);
  }

  /// For a child process after a fork: leaves the kept connection to the parent. The
  /// object must not be used afterwards.
  void leave_to_parent();

  const client_target target;

private:
  struct lane;

  void run_in_context(const std::function<boost::asio::awaitable<void>(core_ptr)>& start);
  std::unique_ptr<lane> take_lane();

  // Atomic instead of a mutex: a fork could copy a mutex that is locked by a thread which
  // the child does not have.
  std::atomic<lane*> idle_ = nullptr;
};

} // namespace lockserver
