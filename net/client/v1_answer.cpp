#include "net/client/v1_answer.hpp"

#include "actors/rules/safe_time.hpp"

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

// The longest sentence of a server, and the longest metadata of a lock.
constexpr std::size_t most_text = 1024;
// The longest name of a key, an owner or a lease.
constexpr std::size_t most_name = 512;

// -- reading members ------------------------------------------------------------

// Thrown if a member is absent or has the wrong type: the peer is no lock server. Thrown
// and caught in this file only.
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

// As much of a text as is worth showing, since a peer can send anything. It is not cut
// within a character.
std::string as_text(const json::value& x, std::string_view name, std::size_t most) {
  auto* found = x.if_string();
  if (found == nullptr)
    throw senseless{name};
  auto size = std::min(found->size(), most);
  while (size > 0 && size < found->size()
         && (static_cast<unsigned char>((*found)[size]) & 0xC0) == 0x80)
    --size;
  return {found->data(), size};
}

std::string text(const json::object& x, std::string_view name, std::size_t most = most_text) {
  return as_text(get(x, name), name, most);
}

// Empty if it is absent.
std::string optional_text(const json::object& x, std::string_view name,
                          std::size_t most = most_text) {
  return find(x, name) != nullptr ? text(x, name, most) : std::string{};
}

// A text that identifies something. One that no server can have is an error.
std::string name_in(const json::object& x, std::string_view name) {
  auto result = text(x, name, most_name + 1);
  if (result.empty() || result.size() > most_name)
    throw senseless{name};
  return result;
}

// The same, and it must equal what was asked for.
std::string same(const json::object& x, std::string_view name, const std::string& expected) {
  auto result = name_in(x, name);
  if (result != expected)
    throw senseless{name};
  return result;
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
  // Clocks count nanoseconds: much longer times overflow.
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

const json::array& as_array(const json::value& x, std::string_view name) {
  if (auto* result = x.if_array())
    return *result;
  throw senseless{name};
}

template <class T, class Read>
std::vector<T> array(const json::object& x, std::string_view name, Read read) {
  std::vector<T> result;
  for (auto& item : as_array(get(x, name), name))
    result.push_back(read(as_object(item, name)));
  return result;
}

std::vector<std::string> names(const json::object& x, std::string_view name) {
  std::vector<std::string> result;
  for (auto& item : as_array(get(x, name), name))
    result.push_back(as_text(item, name, most_name));
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
  result.owner = text(x, "owner", most_name);
  result.mode = mode(x);
  result.token = number<std::uint64_t>(x, "token");
  if (find(x, "ttl_ms") != nullptr)
    result.ttl = time(x, "ttl_ms");
  result.held = time(x, "held_ms");
  result.metadata = optional_text(x, "metadata");
  result.identity = optional_text(x, "identity", most_name);
  return result;
}

waiter to_waiter(const json::object& x) {
  return {text(x, "owner", most_name), mode(x), time(x, "waiting_ms"),
          optional_text(x, "identity", most_name)};
}

// The number of all entries, of which the answer has `shown`. An older server sends all
// entries and no number.
std::uint64_t count(const json::object& x, const char* name, std::size_t shown) {
  return find(x, name) != nullptr ? number<std::uint64_t>(x, name) : shown;
}

lock_info to_lock(const json::object& x) {
  lock_info result;
  result.key = name_in(x, "key");
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

grant to_grant(const json::object& x, const grant_request& request) {
  grant result;
  result.key = same(x, "key", request.key);
  result.owner = same(x, "owner", request.owner);
  result.mode = mode(x);
  result.token = number<std::uint64_t>(x, "token");
  result.ttl = time(x, "ttl_ms");
  result.waited = time(x, "waited_ms");
  result.expires_at = std::chrono::system_clock::time_point{time(x, "expires_at_ms")};
  // The server did not grant the lock before it had received this request and let it
  // wait. From the answer on, the lock lasts for `ttl`. So it does not end before this
  // time.
  auto lasts = result.waited + result.ttl;
  result.safe_until = request.sent + lasts - safety_margin(lasts);
  return result;
}

access_rights to_rights(const json::object& x) {
  access_rights result;
  if (find(x, "keys") != nullptr)
    result.keys = text(x, "keys", most_name);
  result.allow = names(x, "allow");
  return result;
}

// The outcome for a status from a proxy, or from a server of a later release.
errc code_of(unsigned status) {
  switch (status) {
    case 401:
      return errc::unauthenticated;
    case 403:
      return errc::forbidden;
    case 429:
      return errc::too_many;
    case 502:
    case 503:
    case 504:
      return errc::unavailable;
    default:
      return status >= 500 ? errc::internal : errc::bad_answer;
  }
}

errc code_of(std::string_view word, unsigned status) {
  auto known = errc_of(word);
  if (known && row_of(*known).status >= 400)
    return *known;
  return status >= 400 && status < 500 ? errc::bad_request : code_of(status);
}

problem about(errc code, const std::string& server, const std::string& more = {}) {
  std::error_code ec = code;
  return {ec, server + ": " + ec.message() + (more.empty() ? "" : ": " + more)};
}

// With other statuses, Retry-After does not mean that the same request may succeed.
std::optional<std::chrono::seconds> retry_after(const exchange_result& x) {
  return x.status == 429 || x.status == 503 ? x.retry_after : std::nullopt;
}

// Reads an answer that is not 200. A proxy in front of the server may not know the format
// of problems; then the status must do.
problem to_problem(const exchange_result& x, const std::string& server) {
  auto status = "status " + std::to_string(x.status);
  json::error_code ec;
  auto body = json::parse(view(x.body), ec);
  auto* object = ec ? nullptr : body.if_object();
  if (object == nullptr || object->if_contains("code") == nullptr) {
    auto result = about(code_of(x.status), server, status);
    result.retry_after = retry_after(x);
    return result;
  }
  problem result;
  result.code = code_of(text(*object, "code"), x.status);
  result.retry_after = retry_after(x);
  result.detail = optional_text(*object, "detail");
  if (result.detail.empty())
    result.detail = server + ": " + result.code.message();
  if (find(*object, "holders") != nullptr)
    result.holders = array<holder>(*object, "holders", to_holder);
  result.holder_count = count(*object, "holder_count", result.holders.size());
  if (find(*object, "queue_length") != nullptr)
    result.queue_length = number<std::uint64_t>(*object, "queue_length");
  result.limit = limit(*object);
  return result;
}

// Reads the answer's object with `read`, or says why there is none.
template <class T, class Read>
answer<T> read_object(const exchange_result& x, const std::string& server, Read read) {
  if (x.error)
    return problem{x.error, server + ": " + (x.why.empty() ? x.error.message() : x.why)};
  try {
    if (x.status != 200)
      return to_problem(x, server);
    json::error_code ec;
    auto body = json::parse(view(x.body), ec);
    if (ec)
      return about(errc::bad_answer, server, "no JSON");
    return T(read(as_object(body, "the object")));
  } catch (const std::exception& e) { // `senseless`, or not enough memory
    return about(errc::bad_answer, server, e.what());
  }
}

// The result of a request whose purpose is already fulfilled if the answer is `code`.
template <class T>
answer<void> read_end(const answer<T>& x, bool repeated, errc code) {
  if (x || (repeated && x.error() == code))
    return {};
  return x.error();
}

} // namespace

// -- whole answers ------------------------------------------------------------------

answer<grant> read_grant(const exchange_result& x, const std::string& server,
                         const grant_request& request) {
  auto result = read_object<grant>(x, server, [&](auto& body) { return to_grant(body, request); });
  if (!result || !request.binds)
    return result;
  if (!x.connection)
    return problem{errc::bad_answer, server
                                       + ": the server, or a proxy, closes the connection that the "
                                         "lock was to be bound to"};
  result->connection = x.connection;
  return result;
}

answer<void> read_release(const exchange_result& x, const std::string& server) {
  return read_end(read_released(x, server), x.repeated, errc::not_holder);
}

answer<bool> read_released(const exchange_result& x, const std::string& server) {
  return read_object<bool>(x, server, [](const json::object& body) {
    if (auto* result = get(body, "released").if_bool())
      return *result;
    throw senseless{"released"};
  });
}

answer<lock_info> read_lock(const exchange_result& x, const std::string& server,
                            const std::string& key) {
  return read_object<lock_info>(x, server, [&](const json::object& body) {
    same(body, "key", key);
    return to_lock(body);
  });
}

answer<lock_page> read_page(const exchange_result& x, const std::string& server,
                            const std::string& after) {
  return read_object<lock_page>(x, server, [&](const json::object& body) {
    lock_page result;
    result.locks = array<lock_info>(body, "locks", to_lock);
    if (find(body, "next") != nullptr) {
      result.next = name_in(body, "next");
      if (*result.next <= after) // otherwise the list would never end
        throw senseless{"next"};
    }
    return result;
  });
}

answer<lease> read_new_lease(const exchange_result& x, const std::string& server) {
  return read_object<lease>(x, server, [](const json::object& body) {
    return lease{name_in(body, "lease"), time(body, "ttl_ms")};
  });
}

answer<lease> read_lease(const exchange_result& x, const std::string& server,
                         const std::string& id) {
  return read_object<lease>(x, server, [&](const json::object& body) {
    return lease{same(body, "lease", id), time(body, "ttl_ms")};
  });
}

answer<void> read_lease_end(const exchange_result& x, const std::string& server,
                            const std::string& id) {
  return read_end(read_lease(x, server, id), x.repeated, errc::lease_expired);
}

answer<lease_info> read_lease_info(const exchange_result& x, const std::string& server,
                                   const std::string& id) {
  return read_object<lease_info>(x, server, [&](const json::object& body) {
    lease_info result{
      same(body, "lease", id), time(body, "ttl_ms"),
      array<leased_lock>(body, "locks", [](const json::object& lock) {
        return leased_lock{name_in(lock, "key"), number<std::uint64_t>(lock, "token")};
      })};
    if (find(body, "next") != nullptr)
      result.next = name_in(body, "next");
    return result;
  });
}

static std::optional<setting_value> setting(const json::value& x) {
  if (auto* truth = x.if_bool())
    return *truth;
  if (auto* text = x.if_string(); text != nullptr && text->size() <= most_text)
    return std::string{text->data(), text->size()};
  json::error_code ec;
  auto number = x.to_number<std::int64_t>(ec);
  return ec ? std::nullopt : std::optional<setting_value>{number};
}

answer<server_info> read_server(const exchange_result& x, const std::string& server) {
  return read_object<server_info>(x, server, [](const json::object& body) {
    server_info result;
    result.name = text(body, "name");
    result.version = text(body, "version");
    result.uptime = time(body, "uptime_ms");
    auto& counts = as_object(get(body, "counts"), "counts");
    result.counts
      = {number<std::uint64_t>(counts, "keys"),     number<std::uint64_t>(counts, "holders"),
         number<std::uint64_t>(counts, "waiters"),  number<std::uint64_t>(counts, "connections"),
         number<std::uint64_t>(counts, "leases"),   number<std::uint64_t>(counts, "commits"),
         number<std::uint64_t>(counts, "decisions")};
    for (auto& [name, value] : as_object(get(body, "settings"), "settings"))
      if (auto known = setting(value)) // later versions may have other types
        result.settings.emplace(std::string{name.data(), name.size()}, *std::move(known));
    return result;
  });
}

answer<access_info> read_access(const exchange_result& x, const std::string& server) {
  return read_object<access_info>(x, server, [](const json::object& body) {
    return access_info{optional_text(body, "identity", most_name), names(body, "roles"),
                       array<access_rights>(body, "rights", to_rights), names(body, "owners")};
  });
}

answer<void> read_ping(const exchange_result& x, const std::string& server) {
  auto status = read_object<std::string>(x, server,
                                         [](auto& body) { return same(body, "status", "ok"); });
  return status ? answer<void>{} : status.error();
}

problem refused(std::string sentence) {
  return {std::make_error_code(std::errc::invalid_argument), std::move(sentence)};
}

} // namespace lockserver::v1
