#include "net/access/principal.hpp"

#include <algorithm>
#include <iterator>

namespace lockserver {

bool principal::may(right what, std::string_view key) const noexcept {
  return std::any_of(roles_.begin(), roles_.end(), [&](auto& x) { return x->gives(what, key); });
}

bool principal::may_some(right what, std::string_view prefix) const noexcept {
  return std::any_of(roles_.begin(), roles_.end(),
                     [&](auto& x) { return x->keys(what).has_some(prefix); });
}

bool principal::may_anything() const noexcept {
  return std::any_of(roles_.begin(), roles_.end(), [](auto& x) { return !x->lines().empty(); });
}

std::vector<std::string> principal::ranges(right what, std::string_view prefix) const {
  std::vector<std::string> all;
  for (auto& x : roles_) {
    auto some = x->keys(what).within(prefix);
    all.insert(all.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  return prefix_set{std::move(all)}.prefixes();
}

const access_line* principal::line_that_gives(right what, std::string_view key) const noexcept {
  for (auto& x : roles_)
    if (auto* line = x->line_that_gives(what, key))
      return line;
  return nullptr;
}

} // namespace lockserver
