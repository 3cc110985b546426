#include "net/dialects/lock_server_text.hpp"

#include "actors/rules/key_name.hpp"
#include "net/dialects/target.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace lockserver {

namespace {

struct path_form {
  std::string_view word;
  command::verb what;
  int names; // the number of names that follow: key, requester
  std::string_view form;
  std::string_view methods;
};

// HEAD must not change anything (RFC 9110, 9.2.1). GET should not either, but
// Lock::Server's protocol uses it so.
constexpr std::string_view asking = "GET, HEAD, POST, OPTIONS";
constexpr std::string_view changing = "GET, POST, OPTIONS";

constexpr std::array forms{
  path_form{"LOCK", command::verb::lock, 2, "/LOCK/{key}/{requester}", changing},
  path_form{"UNLOCK", command::verb::unlock, 2, "/UNLOCK/{key}/{requester}", changing},
  path_form{"VERIFY", command::verb::verify, 2, "/VERIFY/{key}/{requester}", asking},
  path_form{"CHECK", command::verb::check, 1, "/CHECK/{key}", asking},
  path_form{"PING", command::verb::ping, 0, "/PING", asking},
  path_form{"SHUTDOWN", command::verb::shutdown, 0, "/SHUTDOWN", changing},
};

// The form of a path that begins with this word, or null.
const path_form* form_of(std::string_view path) {
  if (!path.starts_with('/'))
    return nullptr;
  auto word = path.substr(1, path.find('/', 1) - 1);
  auto* form = std::find_if(forms.begin(), forms.end(), [word](auto& x) { return x.word == word; });
  return form == forms.end() ? nullptr : form;
}

// Reads decimal seconds such as "3" or "0.25", as microseconds, rounded down.
std::optional<command::duration> read_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec != std::errc{} || text.front() == '-' || seconds > 1'000'000'000)
    return std::nullopt;
  std::string_view fraction{rest, text.size() - static_cast<std::size_t>(rest - text.data())};
  std::int64_t micros = 0;
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() == 1)
      return std::nullopt;
    fraction.remove_prefix(1);
    std::int64_t unit = 100'000;
    for (char c : fraction) {
      if (c < '0' || c > '9')
        return std::nullopt;
      micros += (c - '0') * unit;
      unit /= 10;
    }
  }
  return std::chrono::seconds{seconds} + std::chrono::microseconds{micros};
}

std::string seconds_text(command::duration x) {
  auto text = std::to_string(std::chrono::duration<double>{x}.count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text;
}

// Reads "lock_timeout=3&lock_attempt_timeout=0". Returns an error, or an empty string.
std::string read_times(std::string_view query, const command_limits& limits, command& out) {
  auto set = [](std::string_view name, std::string_view text, command::duration least,
                command::duration most, std::optional<command::duration>& time) -> std::string {
    if (time)
      return std::string{name} + " is given twice";
    time = read_seconds(text);
    if (time && *time >= least && *time <= most)
      return {};
    return std::string{name} + " must be decimal seconds "
           + (least > command::duration::zero() ? "above 0 and" : "from 0 on,") + " at most "
           + seconds_text(most);
  };
  while (!query.empty()) {
    auto [name, text] = next_parameter(query);
    std::string wrong;
    if (name == "lock_timeout")
      wrong = set(name, text, command::duration{1}, limits.max_lock_timeout, out.lock_timeout);
    else if (name == "lock_attempt_timeout")
      wrong = set(name, text, command::duration{0}, limits.max_lock_attempt_timeout,
                  out.lock_attempt_timeout);
    else
      wrong = "LOCK knows the parameters lock_timeout and lock_attempt_timeout only";
    if (!wrong.empty())
      return wrong;
  }
  return {};
}

} // namespace

std::string_view methods_of(std::string_view target) noexcept {
  auto* form = form_of(target_parts{target}.path());
  return form == nullptr ? std::string_view{} : form->methods;
}

std::variant<command, command_error> parse_command(std::string_view target, name_encoding encoding,
                                                   const command_limits& limits) {
  target_parts parts{target};
  auto path = parts.path();
  auto* form = form_of(path);
  if (form == nullptr)
    return command_error{404, "there is no such path"};
  path.remove_prefix(1 + form->word.size());

  // "/key/requester": exactly as many names as the form has.
  command result;
  result.what = form->what;
  auto names = 0;
  for (; path.starts_with('/'); ++names) {
    if (names == form->names)
      return command_error{400, "the path must be " + std::string{form->form}
                                  + ", with a slash inside a name as %2F"};
    path.remove_prefix(1);
    auto text = path.substr(0, path.find('/'));
    path.remove_prefix(text.size());
    auto wrong = names == 0 ? decode_name("key", text, encoding, result.key)
                            : decode_name("requester", text, encoding, result.requester);
    if (!wrong.empty())
      return command_error{400, std::move(wrong)};
  }
  if (names < form->names)
    return command_error{400, "the path must be " + std::string{form->form}};
  if (!parts.query().empty()) {
    if (form->what != command::verb::lock)
      return command_error{400, "only LOCK has parameters"};
    if (auto wrong = read_times(parts.query(), limits, result); !wrong.empty())
      return command_error{400, std::move(wrong)};
  }
  return result;
}

void append_expiry(std::string& out, std::int64_t expires_at) {
  std::array<char, 32> digits{};
  auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), expires_at);
  auto whole = static_cast<std::size_t>(end - digits.data()) - 6; // it is after 1970
  out.append(digits.data(), whole);
  out += '.';
  out.append(digits.data() + whole, 6);
  out += '\n';
}

} // namespace lockserver
