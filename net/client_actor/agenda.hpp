// An ordered list of numbered entries by due time. Each number is in it at most once.
#pragma once

#include "actors/rules/timer_queue.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace lockserver {

class agenda {
public:
  using time_point = timer_node::time_point;

  /// Adds `id`, or moves it.
  void set(std::uint64_t id, time_point due) {
    clear(id);
    due_of_.emplace(id, due);
    order_.emplace(due, id);
  }

  void clear(std::uint64_t id) {
    if (auto i = due_of_.find(id); i != due_of_.end()) {
      order_.erase({i->second, id});
      due_of_.erase(i);
    }
  }

  std::optional<time_point> next_due() const {
    if (order_.empty())
      return std::nullopt;
    return order_.begin()->first;
  }

  /// Removes and returns the first entry that is due, if any.
  std::optional<std::uint64_t> pop_due(time_point now) {
    if (order_.empty() || order_.begin()->first > now)
      return std::nullopt;
    auto id = order_.begin()->second;
    clear(id);
    return id;
  }

private:
  std::set<std::pair<time_point, std::uint64_t>> order_;
  std::unordered_map<std::uint64_t, time_point> due_of_;
};

} // namespace lockserver
