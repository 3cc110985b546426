#include "net/v1_answer.hpp"

#include "net/safe_time.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace lockserver::v1 {

using namespace client;

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

// -- reading members ------------------------------------------------------------

// What is not there, or not of the right kind, ends the reading: the answer is
// no lock server's. Thrown and caught in this file only.
struct senseless : std::runtime_error {
  explicit senseless(std::string_view member)
    : std::runtime_error("'" + std::string{member} + "' is missing or wrong") {
  }
};

json::string_view view(std::string_view x) {
  return {x.data(), x.size()};
}

// Null counts as absent.
const json::value* find(const json::object& x, std::string_view name) {
  auto* found = x.if_contains(view(name));
  return found == nullptr || found->is_null() ? nullptr : found;
}

const json::value& get(const json::object& x, std::string_view name) {
  if (auto* found = find(x, name))
    return *found;
  throw senseless{name};
}

std::string text(const json::object& x, std::string_view name) {
  if (auto* found = get(x, name).if_string())
    return {found->data(), found->size()};
  throw senseless{name};
}

template <class T>
T number(const json::object& x, std::string_view name) {
  json::error_code ec;
  auto result = get(x, name).to_number<T>(ec);
  if (ec)
    throw senseless{name};
  return result;
}

milliseconds time(const json::object& x, std::string_view name) {
  // Clocks count nanoseconds: much more than this overflows.
  return std::clamp<milliseconds>(milliseconds{number<std::int64_t>(x, name)}, milliseconds{0},
                                  std::chrono::years{100});
}

lock_mode mode(const json::object& x) {
  auto word = text(x, "mode");
  if (word == "exclusive")
    return lock_mode::exclusive;
  if (word == "shared")
    return lock_mode::shared;
  throw senseless{"mode"};
}

const json::object& as_object(const json::value& x, std::string_view name) {
  if (auto* result = x.if_object())
    return *result;
  throw senseless{name};
}

template <class T, class Read>
std::vector<T> array(const json::object& x, std::string_view name, Read read) {
  std::vector<T> result;
  auto* found = get(x, name).if_array();
  if (found == nullptr)
    throw senseless{name};
  for (auto& item : *found)
    result.push_back(read(as_object(item, name)));
  return result;
}

std::optional<std::uint32_t> limit(const json::object& x) {
  if (find(x, "limit") == nullptr)
    return std::nullopt;
  return number<std::uint32_t>(x, "limit");
}

// -- the parts of answers ---------------------------------------------------------

holder to_holder(const json::object& x) {
  holder result;
  result.owner = text(x, "owner");
  result.mode = mode(x);
  result.token = number<std::uint64_t>(x, "token");
  if (find(x, "ttl_ms") != nullptr)
    result.ttl = time(x, "ttl_ms");
  result.held = time(x, "held_ms");
  if (find(x, "metadata") != nullptr)
    result.metadata = text(x, "metadata");
  return result;
}

waiter to_waiter(const json::object& x) {
  return {text(x, "owner"), mode(x), time(x, "waiting_ms")};
}

// How many there are, of which `shown` are told. An older server tells all.
std::uint64_t count(const json::object& x, const char* name, std::size_t shown) {
  return find(x, name) != nullptr ? number<std::uint64_t>(x, name) : shown;
}

lock_info to_lock(const json::object& x) {
  lock_info result;
  result.key = text(x, "key");
  result.holders = array<holder>(x, "holders", to_holder);
  result.holder_count = count(x, "holder_count", result.holders.size());
  if (find(x, "queue") != nullptr) {
    result.queue = array<waiter>(x, "queue", to_waiter);
    result.queue_length = count(x, "queue_length", result.queue.size());
  } else {
    result.queue_length = number<std::uint64_t>(x, "queue_length");
  }
  result.limit = limit(x);
  return result;
}

grant to_grant(const json::object& x, boot_clock::time_point sent) {
  grant result;
  result.key = text(x, "key");
  result.owner = text(x, "owner");
  result.mode = mode(x);
  result.token = number<std::uint64_t>(x, "token");
  result.ttl = time(x, "ttl_ms");
  result.waited = time(x, "waited_ms");
  result.expires_at = std::chrono::system_clock::time_point{time(x, "expires_at_ms")};
  // The server granted it not before it had the request and had let it wait,
  // so it ends it not before this. The same holds for a repeated request: its
  // wait may count from the first try, but that was not before `sent` either.
  auto lasts = result.waited + result.ttl;
  result.safe_until = sent + lasts - safety_margin(lasts);
  return result;
}

std::error_code code_of(std::string_view word, unsigned status) {
  static constexpr std::pair<std::string_view, client_errc> codes[] = {
    {"bad_request", client_errc::bad_request},
    {"held", client_errc::held},
    {"wait_timeout", client_errc::wait_timeout},
    {"already_held", client_errc::already_held},
    {"already_waiting", client_errc::already_waiting},
    {"limit_mismatch", client_errc::limit_mismatch},
    {"not_holder", client_errc::not_holder},
    {"wrong_owner", client_errc::wrong_owner},
    {"lease_expired", client_errc::lease_expired},
    {"too_many", client_errc::too_many},
    {"stopping", client_errc::stopping},
    {"store_failed", client_errc::store_failed},
    {"recovering", client_errc::unavailable},
    {"internal", client_errc::server_error},
  };
  for (auto& [name, code] : codes)
    if (name == word)
      return code;
  if (status >= 500)
    return client_errc::server_error;
  return status >= 400 ? client_errc::bad_request : client_errc::bad_answer;
}

problem about(client_errc code, const std::string& server, const std::string& more = {}) {
  std::error_code ec = code;
  return {ec, server + ": " + ec.message() + (more.empty() ? "" : ": " + more)};
}

// An answer that is not 200. A proxy in front of the server need not know the
// form of its problems: then the status must do.
problem to_problem(const exchange_result& x, const std::string& server) {
  auto status = "status " + std::to_string(x.status);
  json::error_code ec;
  auto body = json::parse(view(x.body), ec);
  auto* object = ec ? nullptr : body.if_object();
  if (object == nullptr || object->if_contains("code") == nullptr)
    return about(x.status == 429   ? client_errc::too_many
                 : x.status == 503 ? client_errc::unavailable
                 : x.status >= 500 ? client_errc::server_error
                                   : client_errc::bad_answer,
                 server, status);
  problem result;
  result.code = code_of(text(*object, "code"), x.status);
  if (find(*object, "detail") != nullptr)
    result.detail = text(*object, "detail");
  else
    result.detail = server + ": " + result.code.message();
  if (find(*object, "holders") != nullptr)
    result.holders = array<holder>(*object, "holders", to_holder);
  result.holder_count = count(*object, "holder_count", result.holders.size());
  if (find(*object, "queue_length") != nullptr)
    result.queue_length = number<std::uint64_t>(*object, "queue_length");
  result.limit = limit(*object);
  return result;
}

// The answer's object through `read`, or why there is none.
template <class T, class Read>
answer<T> read_object(const exchange_result& x, const std::string& server, Read read) {
  if (x.error)
    return problem{x.error, server + ": " + x.error.message()};
  try {
    if (x.status != 200)
      return to_problem(x, server);
    json::error_code ec;
    auto body = json::parse(view(x.body), ec);
    if (ec)
      return about(client_errc::bad_answer, server, "no JSON");
    return T(read(as_object(body, "the object")));
  } catch (const senseless& e) {
    return about(client_errc::bad_answer, server, e.what());
  }
}

} // namespace

// -- whole answers ------------------------------------------------------------------

answer<grant> read_grant(const exchange_result& x, const std::string& server,
                         boot_clock::time_point sent) {
  return read_object<grant>(x, server, [sent](auto& body) { return to_grant(body, sent); });
}

answer<done> read_done(const exchange_result& x, const std::string& server) {
  return read_object<done>(x, server, [](auto&) { return done{}; });
}

answer<bool> read_released(const exchange_result& x, const std::string& server) {
  return read_object<bool>(x, server, [](const json::object& body) {
    if (auto* result = get(body, "released").if_bool())
      return *result;
    throw senseless{"released"};
  });
}

answer<lock_info> read_lock(const exchange_result& x, const std::string& server) {
  return read_object<lock_info>(x, server, to_lock);
}

answer<lock_page> read_page(const exchange_result& x, const std::string& server) {
  return read_object<lock_page>(x, server, [](const json::object& body) {
    lock_page result;
    result.locks = array<lock_info>(body, "locks", to_lock);
    if (find(body, "next") != nullptr)
      result.next = text(body, "next");
    return result;
  });
}

answer<lease> read_lease(const exchange_result& x, const std::string& server) {
  return read_object<lease>(x, server, [](const json::object& body) {
    return lease{text(body, "lease"), time(body, "ttl_ms")};
  });
}

answer<lease_info> read_lease_info(const exchange_result& x, const std::string& server) {
  return read_object<lease_info>(x, server, [](const json::object& body) {
    lease_info result{text(body, "lease"), time(body, "ttl_ms"),
                      array<leased_lock>(body, "locks", [](const json::object& lock) {
                        return leased_lock{text(lock, "key"), number<std::uint64_t>(lock, "token")};
                      })};
    if (find(body, "next") != nullptr)
      result.next = text(body, "next");
    return result;
  });
}

answer<server_info> read_server(const exchange_result& x, const std::string& server) {
  return read_object<server_info>(x, server, [](const json::object& body) {
    server_info result;
    result.name = text(body, "name");
    result.version = text(body, "version");
    result.uptime = time(body, "uptime_ms");
    auto& counts = as_object(get(body, "counts"), "counts");
    result.counts
      = {number<std::uint64_t>(counts, "keys"), number<std::uint64_t>(counts, "holders"),
         number<std::uint64_t>(counts, "waiters"), number<std::uint64_t>(counts, "connections"),
         number<std::uint64_t>(counts, "leases")};
    for (auto& [name, value] : as_object(get(body, "settings"), "settings")) {
      auto* truth = value.if_bool();
      json::error_code ec;
      auto count = truth != nullptr ? std::int64_t{*truth} : value.to_number<std::int64_t>(ec);
      if (!ec) // what a later version says in other kinds is left out
        result.settings.emplace(std::string{name.data(), name.size()}, count);
    }
    return result;
  });
}

problem refused(std::string sentence) {
  return {std::make_error_code(std::errc::invalid_argument), std::move(sentence)};
}

} // namespace lockserver::v1
