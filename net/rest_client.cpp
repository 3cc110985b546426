#include "lockserver/rest_client.hpp"

#include "net/client_connection.hpp"
#include "net/key_name.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace lockserver {

namespace {

using clock = client_connection::clock;
using duration = client_options::duration;

class client_category_type : public std::error_category {
public:
  const char* name() const noexcept override {
    return "lockserver.rest_client";
  }

  std::string message(int value) const override {
    switch (static_cast<client_errc>(value)) {
      case client_errc::bad_request:
        return "the server refused the request";
      case client_errc::unavailable:
        return "the server is stopping or overloaded";
      case client_errc::bad_answer:
        return "not the answer of a lock server";
      case client_errc::timeout:
        return "no answer in time";
      case client_errc::connection_lost:
        return "the connection was lost before the answer";
    }
    return "unknown error";
  }

  // So that callers can ask for std::errc::timed_out without knowing us.
  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<client_errc>(value)) {
      case client_errc::bad_request:
        return std::errc::invalid_argument;
      case client_errc::unavailable:
        return std::errc::resource_unavailable_try_again;
      case client_errc::bad_answer:
        return std::errc::bad_message;
      case client_errc::timeout:
        return std::errc::timed_out;
      case client_errc::connection_lost:
        return std::errc::connection_reset;
    }
    return {value, *this};
  }
};

// What one request came to: a line or an error.
struct outcome {
  std::string line{};
  std::error_code error{};
  std::string about{}; // what the error is about: the server, or what is wrong
};

outcome failure(std::error_code ec, std::string about) {
  return {{}, ec, std::move(about)};
}

// What the server said, short and fit for a log, when it makes no sense.
outcome senseless(std::string line) {
  line.resize(std::min<std::size_t>(line.size(), 40));
  std::replace_if(
    line.begin(), line.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return failure(client_errc::bad_answer, "'" + line + "'");
}

// The outcome as the "1" or "0" that most requests are answered with.
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

// Keeps sums with clocks far from overflow when a caller means "for ever".
duration bounded(duration x) {
  return std::clamp(x, duration{0}, duration{std::chrono::years{1}});
}

// How long one request may take, and how often connecting is tried.
struct effort {
  unsigned attempts;
  duration pause;
  duration connect;
  duration answer;
  clock::time_point give_up = clock::time_point::max(); // whatever else holds

  clock::time_point until(duration limit) const {
    return std::min(give_up, clock::now() + bounded(limit));
  }
};

// Whether a request may be sent again when it is not known if the server has
// acted on it: only when it changes nothing.
enum class effect { none, change };

std::string encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string decimal_seconds(duration x) {
  auto magnitude = x < duration::zero() ? 0 - static_cast<std::uint64_t>(x.count())
                                        : static_cast<std::uint64_t>(x.count());
  auto fraction = std::to_string(magnitude % 1'000'000);
  return (x < duration::zero() ? "-" : "") + std::to_string(magnitude / 1'000'000) + "."
         + std::string(6 - fraction.size(), '0') + fraction;
}

// Reads epoch seconds with at most six decimals. Lock::Server prints fewer when
// they are zeros.
std::optional<std::chrono::system_clock::time_point> parse_epoch(std::string_view text) {
  auto dot = std::min(text.find('.'), text.size());
  std::int64_t seconds = 0;
  auto number = text.substr(0, dot);
  auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  // The system's clock counts nanoseconds: above this it overflows, in 2262.
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

const std::error_category& client_category() noexcept {
  static const client_category_type instance;
  return instance;
}

// -- requests and the connection that is kept ----------------------------------

struct rest_client::impl {
  const std::string name;
  const std::string host;
  const std::uint16_t port;
  const client_options options;
  const std::string encoded_name = encode(name);
  const std::string server = host + " port " + std::to_string(port);
  std::mutex mutex{};
  std::unique_ptr<client_connection> idle{}; // guarded by mutex

  effort usual(duration wait = {}) const {
    return {std::max(options.reconnect_attempts, 1u), bounded(options.time_between_attempts),
            options.connect_timeout, bounded(wait) + bounded(options.answer_timeout)};
  }

  std::unique_ptr<client_connection> take_idle() {
    std::unique_ptr<client_connection> result;
    {
      std::lock_guard guard{mutex};
      result = std::move(idle);
    }
    if (result && !result->usable())
      result.reset();
    return result;
  }

  // Closes it when another thread was quicker.
  void put_back(std::unique_ptr<client_connection> connection) {
    std::lock_guard guard{mutex};
    if (!idle)
      idle.swap(connection);
  }

  std::unique_ptr<client_connection> connect(const effort& limits, std::error_code& ec) const {
    for (unsigned attempt = 1;; ++attempt) {
      auto result = client_connection::open(host, port, limits.until(limits.connect), ec);
      if (result || attempt == limits.attempts)
        return result;
      std::this_thread::sleep_for(bounded(limits.pause * attempt));
    }
  }

  outcome judge(exchange_result x, std::unique_ptr<client_connection> connection) {
    if (x.error)
      return failure(x.error, server);
    if (x.keep_alive)
      put_back(std::move(connection));
    switch (x.status) {
      case 200:
        return {first_line(std::move(x.body))};
      case 400:
        return failure(client_errc::bad_request, std::move(x.complaint));
      case 429:
      case 503:
        return failure(client_errc::unavailable, server);
      default:
        return failure(client_errc::bad_answer, server + ", status " + std::to_string(x.status));
    }
  }

  outcome ask(const std::string& target, effect what, const effort& limits) {
    try {
      if (auto connection = take_idle()) {
        auto result = connection->get(target, limits.until(limits.answer));
        auto died = result.error == client_errc::connection_lost && !result.answered;
        if (!died || (result.sent && what == effect::change))
          return judge(std::move(result), std::move(connection));
      }
      std::error_code ec;
      auto connection = connect(limits, ec);
      if (!connection)
        return failure(ec, server);
      auto result = connection->get(target, limits.until(limits.answer));
      return judge(std::move(result), std::move(connection));
    } catch (const boost::system::system_error& x) { // no file descriptors left
      return failure(x.code(), server);
    } catch (const std::system_error& x) { // no threads left
      return failure(x.code(), server);
    }
  }

  outcome ask_key(std::string_view path, std::string_view key, std::string_view rest, effect what,
                  const effort& limits) {
    if (auto wrong = check_name("key", key); !wrong.empty())
      return failure(std::make_error_code(std::errc::invalid_argument), std::move(wrong));
    std::string target{path};
    target += encode(key);
    target += rest;
    return ask(target, what, limits);
  }

  outcome check(std::string_view key) {
    return ask_key("/CHECK/", key, "", effect::none, usual());
  }

  outcome verify(std::string_view key) {
    return ask_key("/VERIFY/", key, "/" + encoded_name, effect::none, usual());
  }

  outcome unlock(std::string_view key) {
    return ask_key("/UNLOCK/", key, "/" + encoded_name, effect::change, usual());
  }

  outcome lock(std::string_view key, const lock_times& times) {
    auto rest = "/" + encoded_name;
    auto separator = '?';
    auto add = [&](const char* parameter, std::optional<duration> x) {
      if (!x)
        return;
      rest += separator;
      rest += parameter;
      rest += decimal_seconds(*x);
      separator = '&';
    };
    add("lock_timeout=", times.lock_timeout);
    add("lock_attempt_timeout=", times.lock_attempt_timeout);
    return ask_key("/LOCK/", key, rest, effect::change,
                   usual(times.lock_attempt_timeout.value_or(options.longest_wait)));
  }
};

// -- the public face -----------------------------------------------------------

rest_client::rest_client(std::string name, std::string host, std::uint16_t port,
                         client_options options) {
  if (name.empty())
    throw std::invalid_argument("Must supply a locker name: it must have 1 to 512 bytes");
  if (auto wrong = check_name("locker name", name); !wrong.empty())
    throw std::invalid_argument(wrong);
  if (auto wrong = check_name("host", host); !wrong.empty())
    throw std::invalid_argument(wrong);
  impl_.reset(new impl{std::move(name), std::move(host), port, options});
}

rest_client::~rest_client() = default;

rest_client::rest_client(rest_client&&) noexcept = default;

rest_client& rest_client::operator=(rest_client&&) noexcept = default;

const std::string& rest_client::name() const noexcept {
  return impl_->name;
}

bool rest_client::is_locked(std::string_view key) const {
  return yes_or_throw(impl_->check(key));
}

bool rest_client::is_locked(std::string_view key, std::error_code& ec) const {
  return yes_or_no(impl_->check(key), ec);
}

bool rest_client::locked_by_me(std::string_view key) const {
  return yes_or_throw(impl_->verify(key));
}

bool rest_client::locked_by_me(std::string_view key, std::error_code& ec) const {
  return yes_or_no(impl_->verify(key), ec);
}

bool rest_client::unlock(std::string_view key) const {
  return yes_or_throw(impl_->unlock(key));
}

bool rest_client::unlock(std::string_view key, std::error_code& ec) const {
  return yes_or_no(impl_->unlock(key), ec);
}

lock_result rest_client::lock(std::string_view key, lock_times times) const {
  auto answer = impl_->lock(key, times);
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
  // These two come with a sentence that says it all.
  auto refused = answer.error == client_errc::bad_request
                 || answer.error == std::make_error_code(std::errc::invalid_argument);
  if (!refused)
    answer.about += ": ";
  result.message = std::move(answer.about);
  if (!refused || result.message.empty())
    result.message += answer.error.message();
  return result;
}

bool rest_client::ping() const {
  auto limit = impl_->options.ping_timeout;
  std::error_code ignored;
  effort once{1, {}, limit, limit};
  once.give_up = once.until(limit);
  return yes_or_no(impl_->ask("/PING", effect::none, once), ignored);
}

bool rest_client::shutdown() const {
  std::error_code ignored;
  return yes_or_no(impl_->ask("/SHUTDOWN", effect::change, impl_->usual()), ignored);
}

} // namespace lockserver
