#include "net/dialects/target.hpp"

#include "actors/rules/key_name.hpp"
#include "net/dialects/bad_input.hpp"
#include "net/dialects/lists.hpp"

#include <algorithm>
#include <charconv>

namespace lockserver {

std::optional<std::string> target_parts::name_behind(std::string_view prefix,
                                                     std::string_view what) const {
  if (path_.starts_with(prefix) && path_.find('/', prefix.size()) != std::string_view::npos)
    throw bad_input{"the path must be " + std::string{prefix} + "{" + std::string{what}
                    + "}, with a slash inside as %2F"};
  return path_behind(prefix, what);
}

std::optional<std::string> target_parts::path_behind(std::string_view prefix,
                                                     std::string_view what) const {
  if (!path_.starts_with(prefix))
    return std::nullopt;
  auto text = path_.substr(prefix.size());
  std::string result;
  if (auto wrong = decode_name(what, text, name_encoding::percent, result); !wrong.empty())
    throw bad_input{wrong};
  return result;
}

std::pair<std::string_view, std::string_view> next_parameter(std::string_view& query) noexcept {
  auto part = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(query.size(), part.size() + 1));
  auto equals = std::min(part.find('='), part.size());
  return {part.substr(0, equals), part.substr(std::min(part.size(), equals + 1))};
}

query_parameters::query_parameters(std::string_view query, std::string_view known) {
  while (!query.empty()) {
    if (query.front() == '&') { // an empty parameter, as between two of them
      query.remove_prefix(1);
      continue;
    }
    left_.push_back(next_parameter(query));
    if (!lists(known, left_.back().first))
      throw bad_input{"a parameter is unknown; known are: "
                      + (known.empty() ? "none" : std::string{known})};
  }
}

std::optional<std::string_view> query_parameters::take(std::string_view parameter) {
  auto is = [parameter](auto& x) { return x.first == parameter; };
  auto i = std::find_if(left_.begin(), left_.end(), is);
  if (i == left_.end())
    return std::nullopt;
  auto result = i->second;
  left_.erase(i);
  if (std::any_of(left_.begin(), left_.end(), is))
    throw bad_input{"the parameter " + std::string{parameter} + " is there twice"};
  return result;
}

std::optional<std::string> query_parameters::name(std::string_view parameter) {
  auto text = take(parameter);
  if (!text)
    return std::nullopt;
  std::string result;
  if (auto wrong = decode_name(parameter, *text, name_encoding::query, result); !wrong.empty())
    throw bad_input{wrong};
  return result;
}

std::string query_parameters::name_or_empty(std::string_view parameter) {
  for (auto& x : left_)
    if (x.first == parameter && !x.second.empty())
      return *name(parameter);
  take(parameter);
  return {};
}

std::optional<std::int64_t> query_parameters::integer(std::string_view parameter,
                                                      std::int64_t least, std::int64_t most) {
  auto text = take(parameter);
  if (!text)
    return std::nullopt;
  std::int64_t result = 0;
  auto* end = text->data() + text->size();
  auto [rest, ec] = std::from_chars(text->data(), end, result);
  if (ec != std::errc{} || rest != end || result < least || result > most)
    throw bad_input{std::string{parameter} + " must be an integer from " + std::to_string(least)
                    + " to " + std::to_string(most)};
  return result;
}

bool query_parameters::flag(std::string_view parameter) {
  auto text = take(parameter);
  if (text && *text != "true" && *text != "false")
    throw bad_input{std::string{parameter} + " must be true or false"};
  return text == "true";
}

} // namespace lockserver
