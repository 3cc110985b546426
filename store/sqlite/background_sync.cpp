#include "store/sqlite/background_sync.hpp"

#include <utility>

namespace lockserver {

background_sync::background_sync(std::function<bool()> sync, duration pause)
  : sync_(std::move(sync)), pause_(pause), thread_([this] { work(); }) {
}

background_sync::~background_sync() {
  {
    std::lock_guard guard{mutex_};
    done_ = true;
  }
  wake_up_.notify_one();
  thread_.join();
}

void background_sync::changed() {
  {
    std::lock_guard guard{mutex_};
    if (std::exchange(changed_, true))
      return;
  }
  wake_up_.notify_one();
}

bool background_sync::has_failed() {
  std::lock_guard guard{mutex_};
  return std::exchange(failed_, false);
}

void background_sync::work() {
  std::unique_lock guard{mutex_};
  while (!done_) {
    wake_up_.wait(guard, [this] { return changed_ || done_; });
    wake_up_.wait_for(guard, pause_, [this] { return done_; });
    if (done_)
      return;
    changed_ = false; // what comes from now on may miss this time
    guard.unlock();
    auto is_on_disk = sync_();
    guard.lock();
    failed_ = failed_ || !is_on_disk;
  }
}

} // namespace lockserver
