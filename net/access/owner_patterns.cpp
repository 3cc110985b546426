#include "net/access/owner_patterns.hpp"

#include "actors/rules/key_name.hpp"

#include <algorithm>
#include <utility>

namespace lockserver {

owner_patterns::owner_patterns(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  std::vector<std::string> beginnings;
  for (auto& x : patterns_) {
    if (x.ends_with('*'))
      beginnings.push_back(x.substr(0, x.size() - 1));
    else
      names_.push_back(x);
  }
  std::sort(names_.begin(), names_.end());
  beginnings_ = prefix_set{std::move(beginnings)};
}

owner_patterns owner_patterns::of_name(const std::string& name) {
  return owner_patterns{{name, name + "/*"}};
}

std::string owner_patterns::check(std::string_view pattern) {
  if (pattern.find('*') < pattern.size() - 1)
    return "may have a * only at its end";
  auto wrong = check_name("", pattern);
  return wrong.empty() ? wrong : "must be an owner, or a prefix of owners and a *; it" + wrong;
}

bool owner_patterns::allow(std::string_view owner) const noexcept {
  return beginnings_.contains(owner) || std::binary_search(names_.begin(), names_.end(), owner);
}

} // namespace lockserver
