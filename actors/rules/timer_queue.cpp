#include "actors/rules/timer_queue.hpp"

namespace lockserver {

void timer_queue::set(timer_node& x, time_point due) {
  clear(x);
  x.due_ = due;
  // Most deadlines are set in ascending order: try the end first.
  nodes_.insert(nodes_.end(), x);
}

void timer_queue::clear(timer_node& x) noexcept {
  if (x.is_linked())
    nodes_.erase(nodes_.iterator_to(x));
}

timer_node* timer_queue::pop_due(time_point now) noexcept {
  if (nodes_.empty() || nodes_.begin()->due_ > now)
    return nullptr;
  auto& first = *nodes_.begin();
  nodes_.erase(nodes_.begin());
  return &first;
}

std::optional<timer_queue::time_point> timer_queue::next_due() const noexcept {
  if (nodes_.empty())
    return std::nullopt;
  return nodes_.begin()->due_;
}

} // namespace lockserver
