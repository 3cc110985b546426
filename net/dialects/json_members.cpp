#include "net/dialects/json_members.hpp"

#include "actors/rules/same_text.hpp"
#include "actors/rules/shown.hpp"
#include "net/dialects/bad_input.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <utility>

namespace lockserver {

namespace json = boost::json;

// Boost.JSON's parser calls it with each piece. Nesting is not allowed, so even the
// deepest text ends at the second level.
struct json_handler {
  static constexpr std::size_t max_object_size = 64;
  static constexpr std::size_t max_array_size = 0;
  static constexpr std::size_t max_key_size = 256;
  static constexpr std::size_t max_string_size = 64 * 1024;

  using code = json::error_code;

  explicit json_handler(json_members& out_) : out(out_) {
  }

  bool put(json_members::value x, code& ec) {
    if (!in_object)
      return stop("the body must be a JSON object", ec);
    if (!out.members_.emplace(name, std::move(x)).second)
      return stop("the member " + shown(name) + " is there twice", ec);
    return true;
  }
  bool stop(std::string sentence, code& ec) {
    wrong = std::move(sentence);
    ec = json::error::exception; // any error: the sentence is what counts
    return false;
  }
  bool other(std::string_view type, code& ec) {
    return put(json_members::other{type}, ec);
  }

  bool on_document_begin(code&) {
    return true;
  }
  bool on_document_end(code&) {
    return true;
  }
  bool on_object_begin(code& ec) {
    if (in_object)
      return stop("the member " + shown(name) + " must not be an object", ec);
    in_object = true;
    return true;
  }
  bool on_object_end(std::size_t, code&) {
    return true;
  }
  bool on_array_begin(code& ec) {
    return in_object ? stop("the member " + shown(name) + " must not be an array", ec)
                     : stop("the body must be a JSON object, not an array", ec);
  }
  bool on_array_end(std::size_t, code&) {
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, code&) {
    key.append(part.data(), part.size());
    name = std::exchange(key, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, code&) {
    string.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, code& ec) {
    string.append(part.data(), part.size());
    return put(std::exchange(string, {}), ec);
  }
  bool on_number_part(json::string_view, code&) {
    return true;
  }
  bool on_int64(std::int64_t x, json::string_view, code& ec) {
    return put(x, ec);
  }
  bool on_uint64(std::uint64_t, json::string_view, code& ec) { // above 2^63 - 1
    return other("a larger number", ec);
  }
  bool on_double(double, json::string_view, code& ec) {
    return other("a number with a fraction or an exponent", ec);
  }
  bool on_bool(bool x, code& ec) {
    return other(x ? "true" : "false", ec);
  }
  bool on_null(code& ec) {
    return other("null", ec);
  }
  bool on_comment_part(json::string_view, code&) {
    return true;
  }
  bool on_comment(json::string_view, code&) {
    return true;
  }

  json_members& out;
  bool in_object = false;
  std::string key;    // as much as was read
  std::string string; // as much as was read
  std::string name;   // of the member that is being read
  std::string wrong;
};

void require_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  if (!same_text(type, "application/json"))
    throw bad_input{"the Content-Type must be application/json", errc::unsupported_media_type};
}

json_members::json_members(std::string_view text) {
  json::basic_parser<json_handler> parser{json::parse_options{}, *this};
  json::error_code ec;
  auto size = parser.write_some(false, text.data(), text.size(), ec);
  auto& handler = parser.handler();
  if (!handler.wrong.empty())
    throw bad_input{handler.wrong};
  if (ec == json::error::incomplete)
    throw bad_input{"the body ends too early: it must be a JSON object"};
  if (ec)
    throw bad_input{"the body is not JSON, see byte " + std::to_string(size + 1) + ": "
                    + ec.message()};
  if (text.find_first_not_of(" \t\r\n", size) != std::string_view::npos)
    throw bad_input{"something follows the JSON object"};
}

std::optional<json_members::value> json_members::take(std::string_view name) {
  auto i = members_.find(name);
  if (i == members_.end())
    return std::nullopt;
  return std::move(members_.extract(i).mapped());
}

std::optional<std::string> json_members::text(std::string_view name) {
  auto x = take(name);
  if (!x)
    return std::nullopt;
  if (auto* result = std::get_if<std::string>(&*x))
    return std::move(*result);
  auto* is = std::get_if<other>(&*x);
  throw bad_input{std::string{name} + " must be a string, not "
                  + std::string{is != nullptr ? is->type : "a number"}};
}

std::optional<std::int64_t> json_members::integer(std::string_view name, std::int64_t least,
                                                  std::int64_t most) {
  auto x = take(name);
  if (!x)
    return std::nullopt;
  auto sentence = std::string{name} + " must be an integer from " + std::to_string(least) + " to "
                  + std::to_string(most) + ", not ";
  auto* result = std::get_if<std::int64_t>(&*x);
  if (result == nullptr) {
    auto* is = std::get_if<other>(&*x);
    throw bad_input{sentence + std::string{is != nullptr ? is->type : "a string"}};
  }
  if (*result < least || *result > most)
    throw bad_input{sentence + std::to_string(*result)};
  return *result;
}

void json_members::refuse_others(std::string_view known) const {
  if (members_.empty())
    return;
  throw bad_input{"there is no member " + shown(members_.begin()->first) + "; known are "
                  + std::string{known}};
}

} // namespace lockserver
