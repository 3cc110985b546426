#include "net/access/audit_line.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/locale/utf.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <iterator>

namespace lockserver {

namespace json = boost::json;

namespace {

std::string_view name_of(audit_event x) {
  switch (x) {
    case audit_event::refused:
      return "refused";
    case audit_event::force:
      return "force";
    case audit_event::lease_ended:
      return "lease_ended";
    case audit_event::shutdown:
      return "shutdown";
    case audit_event::reload:
      return "reload";
    case audit_event::granted:
      return "granted";
    case audit_event::ended:
      return "ended";
  }
  return "";
}

// RFC 3339, in UTC, with milliseconds.
std::string text_of(std::chrono::system_clock::time_point x) {
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(x);
  auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  auto time = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> date{};
  auto size = std::strftime(date.data(), date.size(), "%FT%T", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>((milliseconds - seconds).count()));
  return std::string{date.data(), size} + fraction.data();
}

// Boost.JSON writes bytes unchecked, and JSON readers reject text that is not UTF-8.
json::value text_or_null(std::string_view x) {
  if (x.empty())
    return nullptr;
  using boost::locale::utf::utf_traits;
  std::string result;
  for (auto i = x.begin(); i != x.end();) {
    auto begin = i;
    auto decoded = utf_traits<char>::decode(i, x.end());
    if (boost::locale::utf::is_valid_codepoint(decoded))
      result.append(begin, i);
    else {
      result += "\xef\xbf\xbd";
      i = std::next(begin); // the next byte may begin a character
    }
  }
  return json::string{result};
}

json::string_view as_json(std::string_view x) {
  return {x.data(), x.size()};
}

} // namespace

std::string audit_line(const audit_entry& x) {
  json::object line{{"time", text_of(x.time)},
                    {"event", as_json(name_of(x.event))},
                    {"identity", text_or_null(x.identity)},
                    {"address", text_or_null(x.address)},
                    {"key", text_or_null(x.key)},
                    {"owner", text_or_null(x.owner)},
                    {"token", x.token ? json::value(*x.token) : json::value(nullptr)},
                    {"outcome", text_or_null(x.outcome)},
                    {"reason", text_or_null(x.reason)}};
  if (!x.traceparent.empty())
    line.emplace("traceparent", text_or_null(x.traceparent));
  return json::serialize(line) + '\n';
}

} // namespace lockserver
