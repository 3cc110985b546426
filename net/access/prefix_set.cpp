#include "net/access/prefix_set.hpp"

#include <algorithm>
#include <utility>

namespace lockserver {

prefix_set::prefix_set(std::vector<std::string> prefixes) : prefixes_(std::move(prefixes)) {
  std::sort(prefixes_.begin(), prefixes_.end());
  // All names with a prefix follow directly after it.
  auto end = std::unique(prefixes_.begin(), prefixes_.end(),
                         [](auto& shorter, auto& x) { return x.starts_with(shorter); });
  prefixes_.erase(end, prefixes_.end());
}

// Only the last prefix that is not greater than the name can be a prefix of it: any other
// prefix between the two would itself have the right one as a prefix.
bool prefix_set::contains(std::string_view name) const noexcept {
  auto behind = std::upper_bound(prefixes_.begin(), prefixes_.end(), name);
  return behind != prefixes_.begin() && name.starts_with(*std::prev(behind));
}

bool prefix_set::has_some(std::string_view prefix) const noexcept {
  auto first = std::lower_bound(prefixes_.begin(), prefixes_.end(), prefix);
  return (first != prefixes_.end() && first->starts_with(prefix)) || contains(prefix);
}

std::vector<std::string> prefix_set::within(std::string_view prefix) const {
  if (contains(prefix))
    return {std::string{prefix}};
  std::vector<std::string> result;
  for (auto i = std::lower_bound(prefixes_.begin(), prefixes_.end(), prefix);
       i != prefixes_.end() && i->starts_with(prefix); ++i)
    result.push_back(*i);
  return result;
}

} // namespace lockserver
