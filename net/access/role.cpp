#include "net/access/role.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace lockserver {

namespace {

bool gives(const access_line& x, right what, std::string_view key) {
  if (!x.allow.gives(what))
    return false;
  return row_of(what).is_about_keys ? x.keys && key.starts_with(*x.keys) : !x.keys;
}

} // namespace

std::string to_string(const access_line& x) {
  std::string result = "{";
  if (x.keys)
    result += "\"keys\": " + boost::json::serialize(boost::json::string{*x.keys}) + ", ";
  result += "\"allow\": [";
  auto first = true;
  for (auto& row : all_rights)
    if (x.allow.has(row.what)) {
      result += first ? "\"" : ", \"";
      result += row.name;
      result += '"';
      first = false;
    }
  return result + "]}";
}

role::role(std::string name, std::vector<access_line> lines)
  : name_(std::move(name)), lines_(std::move(lines)) {
  for (auto& row : all_rights) {
    std::vector<std::string> prefixes;
    for (auto& x : lines_)
      if (x.allow.gives(row.what)) {
        if (x.keys)
          prefixes.push_back(*x.keys);
        else
          server_.add(row.what);
      }
    if (row.is_about_keys)
      keys_[static_cast<std::size_t>(row.what)] = prefix_set{std::move(prefixes)};
  }
}

bool role::gives(right what, std::string_view key) const noexcept {
  return row_of(what).is_about_keys ? keys(what).contains(key) : server_.has(what);
}

const access_line* role::line_that_gives(right what, std::string_view key) const noexcept {
  auto i = std::find_if(lines_.begin(), lines_.end(),
                        [&](auto& x) { return lockserver::gives(x, what, key); });
  return i == lines_.end() ? nullptr : &*i;
}

} // namespace lockserver
