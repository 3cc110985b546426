#include "net/access/json_document.hpp"

#include "actors/rules/shown.hpp"
#include "net/access/access_error.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace lockserver {

namespace json = boost::json;

namespace {

// Boost.JSON's parser calls it with each piece. It builds the value as Boost.JSON's own
// handler does, and also tracks the place in the document.
struct document_handler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  using code = json::error_code;

  // An object or array that has not ended.
  struct level {
    bool is_array = false;
    std::size_t elements = 0;
    std::string name{}; // of the current member
    std::set<std::string, std::less<>> names{};
  };

  std::string place() const {
    std::string result;
    for (auto& x : levels)
      result = x.is_array ? place_of(result, x.elements) : place_of(result, x.name);
    return result;
  }
  bool counted() {
    if (!levels.empty())
      ++levels.back().elements;
    return true;
  }

  bool on_document_begin(code&) {
    stack.reset();
    return true;
  }
  bool on_document_end(code&) {
    return true;
  }
  bool on_object_begin(code&) {
    levels.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, code&) {
    stack.push_object(size);
    levels.pop_back();
    return counted();
  }
  bool on_array_begin(code&) {
    levels.push_back({true});
    return true;
  }
  bool on_array_end(std::size_t size, code&) {
    stack.push_array(size);
    levels.pop_back();
    return counted();
  }
  bool on_key_part(json::string_view part, std::size_t, code&) {
    key.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, code& ec) {
    key.append(part.data(), part.size());
    stack.push_key(part);
    auto& object = levels.back();
    object.name = std::exchange(key, {});
    if (object.names.insert(object.name).second)
      return true;
    wrong = place() + " is there twice";
    ec = json::error::exception; // any: the sentence counts
    return false;
  }
  bool on_string_part(json::string_view part, std::size_t, code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, code&) {
    stack.push_string(part);
    return counted();
  }
  bool on_number_part(json::string_view, code&) {
    return true;
  }
  bool on_int64(std::int64_t x, json::string_view, code&) {
    stack.push_int64(x);
    return counted();
  }
  bool on_uint64(std::uint64_t x, json::string_view, code&) {
    stack.push_uint64(x);
    return counted();
  }
  bool on_double(double x, json::string_view, code&) {
    stack.push_double(x);
    return counted();
  }
  bool on_bool(bool x, code&) {
    stack.push_bool(x);
    return counted();
  }
  bool on_null(code&) {
    stack.push_null();
    return counted();
  }
  bool on_comment_part(json::string_view, code&) {
    return true;
  }
  bool on_comment(json::string_view, code&) {
    return true;
  }

  json::value_stack stack;
  std::vector<level> levels;
  std::string key; // read so far
  std::string wrong;
};

std::string line_and_column(std::string_view text, std::size_t at) {
  auto before = text.substr(0, at);
  auto line = 1 + std::count(before.begin(), before.end(), '\n');
  auto begin = before.rfind('\n') + 1; // 0 if there is none
  return "line " + std::to_string(line) + ", column " + std::to_string(at - begin + 1);
}

} // namespace

json::value read_document(std::string_view text) {
  json::parse_options options;
  options.allow_comments = true;
  json::basic_parser<document_handler> parser{options};
  json::error_code ec;
  auto size = parser.write_some(false, text.data(), text.size(), ec);
  auto& handler = parser.handler();
  if (!handler.wrong.empty())
    throw access_error{handler.wrong};
  if (ec == json::error::incomplete)
    throw access_error{"the text ends too early: it must be one JSON object"};
  // The parser stops after the value.
  if (!ec && size < text.size())
    ec = json::error::extra_data;
  if (ec)
    throw access_error{line_and_column(text, size) + " is not JSON: " + ec.message()};
  return handler.stack.release();
}

// A token that stands in the wrong place must not get into a log.
std::string place_of(std::string_view parent, std::string_view name) {
  auto shown_name = name.starts_with("lsk_") ? std::string{"(a token)"} : std::string{shown(name)};
  return std::string{parent} + (parent.empty() ? "" : ".") + shown_name;
}

std::string place_of(std::string_view parent, std::size_t index) {
  return std::string{parent} + '[' + std::to_string(index) + ']';
}

} // namespace lockserver
