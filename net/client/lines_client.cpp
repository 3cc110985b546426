#include "lockserver/lines_client.hpp"

#include "actors/rules/key_name.hpp"
#include "lockserver/errc.hpp"
#include "net/client/client_parts.hpp"
#include "net/client/operations.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace lockserver {

namespace {

namespace asio = boost::asio;
using duration = client_options::duration;

// The result of one request: a line or an error.
struct outcome {
  std::string line{};
  std::error_code error{};
  std::string about{}; // the subject of the error: the server, or what is wrong
};

outcome failure(std::error_code ec, std::string about) {
  return {{}, ec, std::move(about)};
}

// An answer that makes no sense. The line is shortened for the log.
outcome senseless(std::string line) {
  line.resize(std::min<std::size_t>(line.size(), 40));
  std::replace_if(
    line.begin(), line.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return failure(errc::bad_answer, "'" + line + "'");
}

// Reads the "1" or "0" with which the server answers most requests.
bool yes_or_no(outcome& x) {
  if (!x.error && x.line != "1" && x.line != "0")
    x = senseless(std::move(x.line));
  return !x.error && x.line == "1";
}

bool yes_or_no(outcome x, std::error_code& ec) {
  auto result = yes_or_no(x);
  ec = x.error;
  return result;
}

bool yes_or_throw(outcome x) {
  auto result = yes_or_no(x);
  if (x.error)
    throw std::system_error(x.error, x.about);
  return result;
}

std::string decimal_seconds(duration x) {
  auto magnitude = x < duration::zero() ? 0 - static_cast<std::uint64_t>(x.count())
                                        : static_cast<std::uint64_t>(x.count());
  auto fraction = std::to_string(magnitude % 1'000'000);
  return (x < duration::zero() ? "-" : "") + std::to_string(magnitude / 1'000'000) + "."
         + std::string(6 - fraction.size(), '0') + fraction;
}

// Reads epoch seconds with at most six decimals. Lock::Server omits trailing zeros.
std::optional<std::chrono::system_clock::time_point> parse_epoch(std::string_view text) {
  auto dot = std::min(text.find('.'), text.size());
  std::int64_t seconds = 0;
  auto number = text.substr(0, dot);
  auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  // The system's clock counts nanoseconds: it overflows in 2262.
  if (ec != std::errc{} || end != number.data() + number.size() || seconds <= 0
      || seconds > 9'000'000'000)
    return std::nullopt;
  std::int64_t micros = 0;
  if (dot < text.size()) {
    auto digits = text.substr(dot + 1);
    if (digits.empty() || digits.size() > 6
        || digits.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
    for (std::size_t i = 0; i < 6; ++i)
      micros = micros * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return std::chrono::system_clock::time_point{std::chrono::seconds{seconds}
                                               + std::chrono::microseconds{micros}};
}

std::string first_line(std::string body) {
  body.resize(std::min(body.find_first_of("\r\n"), body.size()));
  return body;
}

} // namespace

// -- requests ------------------------------------------------------------------

namespace {

outcome judge(const std::string& server, exchange_result x) {
  if (x.error)
    return failure(x.error, x.why.empty() ? server : server + ": " + x.why);
  switch (x.status) {
    case 200:
      return {first_line(std::move(x.body))};
    case 400:
      return failure(errc::bad_request, std::move(x.complaint));
    case 401:
      return failure(errc::unauthenticated, std::move(x.complaint));
    case 403:
      return failure(errc::forbidden, std::move(x.complaint));
    case 429:
      return failure(errc::too_many, server);
    case 502:
    case 503:
    case 504:
      return failure(errc::unavailable, server);
    default:
      return failure(errc::bad_answer, server + ", status " + std::to_string(x.status));
  }
}

asio::awaitable<outcome> ask(std::shared_ptr<async_core> core, std::string target, repeat again,
                             effort limits) {
  http_call call;
  call.target = std::move(target);
  auto got = co_await core->ask(std::move(call), again, limits);
  co_return judge(core->server, std::move(got));
}

outcome ask(blocking_core& core, const std::string& target, repeat again, const effort& limits) {
  try {
    return core.run<outcome>([&](const auto& x) { return ask(x, target, again, limits); });
  } catch (const std::exception&) {
    auto why = operations::thrown_problem();
    return failure(why.code, std::move(why.detail));
  }
}

outcome ask_key(blocking_core& core, std::string_view path, std::string_view key,
                std::string_view rest, repeat again, duration wait = {}) {
  if (auto wrong = check_name("key", key); !wrong.empty())
    return failure(std::make_error_code(std::errc::invalid_argument), std::move(wrong));
  std::string target{path};
  target += percent_encode(key);
  target += rest;
  return ask(core, target, again, usual_effort(core.target.options, wait));
}

std::string slash_name(const std::string& name) {
  return "/" + percent_encode(name);
}

outcome check(client_parts& x, std::string_view key) {
  return ask_key(x.core(), "/CHECK/", key, "", repeat::on_kept_connection);
}

outcome verify(client_parts& x, std::string_view key) {
  return ask_key(x.core(), "/VERIFY/", key, slash_name(x.name), repeat::on_kept_connection);
}

outcome unlock_key(client_parts& x, std::string_view key) {
  return ask_key(x.core(), "/UNLOCK/", key, slash_name(x.name), repeat::never);
}

outcome lock_key(client_parts& x, std::string_view key, const lock_times& times) {
  auto rest = slash_name(x.name);
  auto separator = '?';
  auto add = [&](const char* parameter, std::optional<duration> value) {
    if (!value)
      return;
    rest += separator;
    rest += parameter;
    rest += decimal_seconds(*value);
    separator = '&';
  };
  add("lock_timeout=", times.lock_timeout);
  add("lock_attempt_timeout=", times.lock_attempt_timeout);
  return ask_key(x.core(), "/LOCK/", key, rest, repeat::never,
                 times.lock_attempt_timeout.value_or(x.core().target.options.longest_wait));
}

} // namespace

// -- public functions -----------------------------------------------------------

lines_client::lines_client(std::string name, const std::string& host, std::uint16_t port,
                           const client_options& options)
  : impl_(std::make_unique<client_parts>(std::move(name), host, port, options)) {
}

lines_client::~lines_client() = default;

lines_client::lines_client(lines_client&&) noexcept = default;

lines_client& lines_client::operator=(lines_client&&) noexcept = default;

const std::string& lines_client::name() const noexcept {
  return impl_->name;
}

bool lines_client::is_locked(std::string_view key) const {
  return yes_or_throw(check(*impl_, key));
}

bool lines_client::is_locked(std::string_view key, std::error_code& ec) const {
  return yes_or_no(check(*impl_, key), ec);
}

bool lines_client::locked_by_me(std::string_view key) const {
  return yes_or_throw(verify(*impl_, key));
}

bool lines_client::locked_by_me(std::string_view key, std::error_code& ec) const {
  return yes_or_no(verify(*impl_, key), ec);
}

bool lines_client::unlock(std::string_view key) const {
  return yes_or_throw(unlock_key(*impl_, key));
}

bool lines_client::unlock(std::string_view key, std::error_code& ec) const {
  return yes_or_no(unlock_key(*impl_, key), ec);
}

lock_result lines_client::lock(std::string_view key, lock_times times) const {
  auto answer = lock_key(*impl_, key, times);
  lock_result result;
  if (!answer.error) {
    if (answer.line == "0")
      return result;
    if (auto expiry = parse_epoch(answer.line)) {
      result.status = lock_status::held;
      result.expires_at = *expiry;
      return result;
    }
    answer = senseless(std::move(answer.line));
  }
  result.status = lock_status::error;
  result.error = answer.error;
  // These errors come with a complete sentence.
  auto refused = answer.error == errc::bad_request || answer.error == errc::unauthenticated
                 || answer.error == errc::forbidden || answer.error == errc::unreachable
                 || answer.error == std::make_error_code(std::errc::invalid_argument);
  if (!refused)
    answer.about += ": ";
  result.message = std::move(answer.about);
  if (!refused || result.message.empty())
    result.message += answer.error.message();
  return result;
}

bool lines_client::ping() const {
  auto limit = impl_->core().target.options.ping_timeout;
  std::error_code ignored;
  effort once{1, {}, limit, limit};
  once.give_up = once.until(limit);
  return yes_or_no(ask(impl_->core(), "/PING", repeat::on_kept_connection, once), ignored);
}

bool lines_client::shutdown() const {
  std::error_code ignored;
  return yes_or_no(ask(impl_->core(), "/SHUTDOWN", repeat::never,
                       usual_effort(impl_->core().target.options)),
                   ignored);
}

} // namespace lockserver
