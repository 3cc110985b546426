// The queue of actors that have work, first in, first out.
#pragma once

#include "actors/compat/hosting.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace lockserver {

/// A ring that grows when it is half full. So a lack of memory affects nobody before the
/// ring is full. CAF believes that a queued actor will run. If the actor got lost, it
/// would never answer again.
class job_queue {
public:
  bool empty() const noexcept {
    return size_ == 0;
  }

  /// Throws only if the ring is full and there is no memory for a larger one.
  void push(caf::resumable* x) {
    if (2 * size_ >= capacity_)
      grow();
    ring_[(first_ + size_++) & (capacity_ - 1)] = x;
  }

  /// @pre `!empty()`
  caf::resumable* pop() noexcept {
    auto* result = ring_[first_];
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
    return result;
  }

  /// Moves all of `x` to the end of this queue.
  void push_all_of(job_queue& x) {
    for (; !x.empty(); x.pop())
      push(x.ring_[x.first_]);
  }

private:
  static constexpr std::size_t least = 1024;

  void grow() {
    std::unique_ptr<caf::resumable*[]> larger;
    const auto capacity = 2 * capacity_;
    try {
      larger = std::make_unique<caf::resumable*[]>(capacity);
    } catch (...) { // the next `push` tries again
      if (size_ < capacity_)
        return;
      throw;
    }
    for (std::size_t i = 0; i < size_; ++i)
      larger[i] = ring_[(first_ + i) & (capacity_ - 1)];
    ring_ = std::move(larger);
    capacity_ = capacity;
    first_ = 0;
  }

  std::size_t capacity_ = least; // a power of two
  std::unique_ptr<caf::resumable*[]> ring_ = std::make_unique<caf::resumable*[]>(least);
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

} // namespace lockserver
