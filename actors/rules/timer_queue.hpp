// An ordered set of deadlines. Its owner tells it the time. It reads no clock, knows no
// actors and takes no locks.
#pragma once

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <optional>

namespace lockserver {

/// An entry of a `timer_queue`, embedded in its owner, so that setting and clearing it
/// allocates nothing. Not copyable: the queue has its address.
class timer_node
  : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>,
                                           boost::intrusive::optimize_size<true>> {
public:
  using time_point = std::chrono::steady_clock::time_point;

  timer_node() = default;
  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;

  /// Whether it is in a queue.
  bool is_set() const noexcept {
    return is_linked();
  }

  /// When it is due. @pre `is_set()`
  time_point due() const noexcept {
    return due_;
  }

private:
  friend class timer_queue;
  time_point due_{};
};

/// Deadlines in the order in which they are due; equal ones in the order in which they
/// were set. `set` and `clear` take O(log n). Does not own the nodes: clear each before
/// it is destroyed.
class timer_queue {
public:
  using time_point = timer_node::time_point;

  /// Inserts `x` at `due`, or moves it there.
  void set(timer_node& x, time_point due);

  /// Removes `x`. Does nothing if it is not in the queue.
  void clear(timer_node& x) noexcept;

  /// Removes and returns the first node that is due at `now`, or null.
  timer_node* pop_due(time_point now) noexcept;

  /// When the first node is due; none if there is no node.
  std::optional<time_point> next_due() const noexcept;

  bool empty() const noexcept {
    return nodes_.empty();
  }

private:
  struct by_due {
    using type = time_point;
    const type& operator()(const timer_node& x) const noexcept {
      return x.due_;
    }
  };
  boost::intrusive::multiset<timer_node, boost::intrusive::key_of_value<by_due>,
                             boost::intrusive::constant_time_size<false>>
    nodes_;
};

} // namespace lockserver
