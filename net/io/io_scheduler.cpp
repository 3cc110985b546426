#include "net/io/io_scheduler.hpp"

namespace lockserver {

io_scheduler::io_scheduler(unsigned num_threads) {
  for (unsigned i = 0; i < num_threads; ++i)
    threads_.push_back(std::make_unique<io_thread>(&timers::owner));
}

// The calling thread, if it belongs to this scheduler. Another server in the same process
// has other threads.
io_thread* io_scheduler::own_current() const noexcept {
  auto* current = io_thread::current();
  for (auto& x : threads_)
    if (x.get() == current)
      return current;
  return nullptr;
}

io_thread& io_scheduler::next() noexcept {
  return *threads_[next_.fetch_add(1, std::memory_order_relaxed) % threads_.size()];
}

void io_scheduler::add(caf::resumable* job) {
  if (auto* current = own_current())
    current->add(job);
  else
    next().add(job);
}

void io_scheduler::start(caf::actor_system& sys) {
  for (auto& x : threads_)
    x->launch(sys);
}

void io_scheduler::stop() {
  std::vector<caf::resumable*> left;
  for (auto& x : threads_) {
    auto jobs = x->halt();
    left.insert(left.end(), jobs.begin(), jobs.end());
  }
  for (auto* job : left)
    abandon(job);
}

void io_scheduler::set(wake_up& x, time_point due) {
  auto*& home = place(x);
  if (home == nullptr) {
    auto* current = own_current();
    home = current != nullptr ? current : &next();
  }
  static_cast<io_thread*>(home)->set_timer(node(x), due);
}

void io_scheduler::clear(wake_up& x) noexcept {
  static_cast<io_thread*>(place(x))->clear_timer(node(x));
}

} // namespace lockserver
