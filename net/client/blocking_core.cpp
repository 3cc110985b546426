#include "net/client/blocking_core.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace lockserver {

namespace asio = boost::asio;

struct blocking_core::lane {
  explicit lane(const blocking_core& x)
    : core(std::make_shared<async_core>(context.get_executor(), x.target)) {
  }

  // The hint 1 saves most of the context's locking. With one thread the core needs no
  // strand.
  asio::io_context context{1};
  core_ptr core;
};

blocking_core::blocking_core(client_target x) : target(std::move(x)) {
}

blocking_core::~blocking_core() {
  delete idle_.load();
}

std::unique_ptr<blocking_core::lane> blocking_core::take_lane() {
  if (std::unique_ptr<lane> result{idle_.exchange(nullptr)})
    return result;
  return std::make_unique<lane>(*this);
}

void blocking_core::run_in_context(const std::function<asio::awaitable<void>(core_ptr)>& start) {
  auto mine = take_lane();
  std::exception_ptr failed;
  asio::co_spawn(mine->context, start(mine->core),
                 [&](const std::exception_ptr& x) { failed = x; });
  mine->context.restart();
  mine->context.run();
  if (failed)
    std::rethrow_exception(failed);
  lane* none = nullptr;
  // Closes the connection if another thread has stored its own first.
  if (mine->core->has_idle() && idle_.compare_exchange_strong(none, mine.get()))
    (void) mine.release();
}

// Without `notify_fork`, closing would remove the connection from the reactor that both
// processes share.
void blocking_core::leave_to_parent() {
  if (std::unique_ptr<lane> mine{idle_.exchange(nullptr)}) {
    mine->context.notify_fork(asio::io_context::fork_child);
    mine->core->drop_idle();
  }
}

} // namespace lockserver
