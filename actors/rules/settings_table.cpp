#include "actors/rules/settings_table.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <system_error>
#include <type_traits>
#include <utility>

namespace lockserver {

namespace {

using namespace std::chrono_literals;

// -- limits -------------------------------------------------------------------

constexpr std::int64_t in_microseconds(settings::duration x) {
  return x.count();
}

// Far below where adding it to a clock overflows.
constexpr auto year = in_microseconds(24h * 365);

constexpr setting_limits any{};
constexpr setting_limits one_or_more{.least = 1};
constexpr setting_limits any_time{.most = year};
constexpr setting_limits some_time{.most = year, .above_least = true};
// A client says that it lives each third of it: more often would be a load by itself.
constexpr setting_limits session_time{.least = in_microseconds(100ms), .most = year};

constexpr setting_limits one_to(std::int64_t most) {
  return {.least = 1, .most = most};
}

// -- the table ----------------------------------------------------------------

constexpr auto where = "Where to serve, or where to find the server";
constexpr auto tls = "TLS (off unless there are a certificate and its key)";
constexpr auto access = "Access (without a file every client may do everything)";
constexpr auto locks = "Locks";
constexpr auto durability = "Durability";
constexpr auto maxima = "Limits (a request beyond gets 429, or waits)";
constexpr auto connections = "Connections";
constexpr auto caf_programs = "CAF programs (off unless there is a port)";
constexpr const char* embedded = nullptr;

constexpr bool shown = true;
constexpr bool hidden = false;

using enum setting_kind;
using who_shows = lockserver::client_certificates;
using version = lockserver::tls_version;
using level = lockserver::audit_level;

constexpr setting table[] = {
  {"host", where, address, &settings::host, any, hidden, "Numeric address, or localhost"},
  {"port", where, port, &settings::port, any, hidden, "TCP port; 0: any free one"},
  {"allowed-hosts", where, hosts, &settings::allowed_hosts, any, shown,
   "By which hosts requests may call the server, separated by commas; * for any; none given: "
   "localhost while it listens on a loopback address, else *"},
  {"reconnect-attempts", where, number, &settings::reconnect_attempts, one_or_more, hidden,
   "How often a busy port is tried"},
  {"time-between-attempts", where, seconds, &settings::time_between_attempts, any_time, hidden,
   "Pause after the n-th try: n times this"},

  {"tls-certificate", tls, file, &settings::tls_certificate, any, hidden,
   "The server's certificate (PEM), and those between it and its authority"},
  {"tls-key", tls, file, &settings::tls_key, any, hidden,
   "Its key, which nobody but its owner and group may read"},
  {"tls-clients", tls, setting_kind::client_certificates, &settings::tls_clients, any, hidden,
   "Certificates of clients: no, accept: verified if shown, or require"},
  {"tls-clients-authority", tls, file, &settings::tls_clients_authority, any, hidden,
   "The authorities that must have signed them, and their revocation lists"},
  {"tls-min-version", tls, setting_kind::tls_version, &settings::tls_min_version, any, hidden,
   "The oldest version of TLS: 1.2 or 1.3"},
  {"tls-reload", tls, seconds, &settings::tls_reload, any_time, hidden,
   "How often these files are looked at; 0: only on SIGHUP"},
  {"plain-port", tls, port, &settings::plain_port, any, hidden,
   "Serve without TLS on this port, too; 0: any free one"},
  {"plain-host", tls, address, &settings::plain_host, any, hidden, "The address for it"},

  {"access", access, file, &settings::access, any, hidden,
   "Identities, their tokens and rights; read again when it has changed, and on SIGHUP"},
  {"audit-log", access, file, &settings::audit_log, any, hidden,
   "Where lines of JSON say who was refused, and what operators did"},
  {"audit", access, setting_kind::audit_level, &settings::audit, any, hidden,
   "What is written there: off, refusals, or changes: grants and their ends, too"},
  {"audit-required", access, flag, &settings::audit_required, any, hidden,
   "Let operators do nothing that cannot be written there first"},
  {"rate-limit", access, number, &settings::rate_limit, any, shown,
   "Requests a second of an identity, or of an address without one; 0: any number"},
  {"max-waiters-per-identity", access, number, &settings::max_waiters_per_identity, any, shown,
   "Requests of one identity that wait; 0: any number"},
  {"max-connections-per-address", access, number, &settings::max_connections_per_address, any,
   shown, "Clients of one address served at a time; 0: any number"},

  {"lock-timeout", locks, seconds, &settings::lock_timeout, some_time, shown,
   "How long a lock lasts, unless its request says"},
  {"lock-attempt-timeout", locks, seconds, &settings::lock_attempt_timeout, any_time, shown,
   "How long a LOCK waits, unless it says; 0: not"},
  {"max-lock-timeout", locks, seconds, &settings::max_lock_timeout, some_time, shown,
   "The longest time that a request may ask for"},
  {"max-lock-attempt-timeout", locks, seconds, &settings::max_lock_attempt_timeout, any_time, shown,
   "The longest wait that a request may ask for"},
  {"terraform-lock-timeout", locks, seconds, &settings::terraform_lock_timeout, any_time, shown,
   "How long a lock of Terraform lasts; 0: until it is released"},
  {"allow-shutdown", locks, flag, &settings::allow_shutdown, any, shown,
   "Let clients stop the server by /SHUTDOWN; with an access file only admins"},

  {"data-dir", durability, directory, &settings::data_dir, any, hidden,
   "Keep locks in DIRECTORY, so that they survive a restart"},
  {"sync", durability, sync, &settings::sync, any, shown,
   "Answer when a change is on disk: always, or off: about a second before"},
  {"restart-grace", durability, seconds_or_max, &settings::restart_grace, any_time, shown,
   "Grant nothing for so long after the start, max: as long as max-lock-timeout; for servers "
   "without a data-dir"},

  {"max-keys", maxima, number, &settings::max_keys, one_or_more, shown, "Keys in use at a time"},
  {"max-waiters-per-key", maxima, number, &settings::max_waiters_per_key, any, shown,
   "Requests that wait for one key"},
  {"max-holders-per-key", maxima, number, &settings::max_holders_per_key, one_to(1'000'000), shown,
   "Shared holders of one key; more wait"},
  {"max-leases", maxima, number, &settings::max_leases, any, shown, "Leases at a time"},
  {"max-locks-per-lease", maxima, number, &settings::max_locks_per_lease, one_or_more, shown,
   "Locks of one lease, waiting requests included"},
  {"max-connections", maxima, number, &settings::max_connections, one_or_more, shown,
   "Clients served at a time"},

  {"threads", connections, number, &settings::threads, one_to(256), shown,
   "Threads that serve; one does for most"},
  {"header-timeout", connections, seconds, &settings::header_timeout, some_time, shown,
   "For a request to arrive completely"},
  {"idle-timeout", connections, seconds, &settings::idle_timeout, some_time, shown,
   "For silence between requests"},
  {"write-timeout", connections, seconds, &settings::write_timeout, some_time, shown,
   "For a client to take its answer"},

  {"caf-port", caf_programs, port, &settings::caf_port, any, hidden,
   "Serve them on this port; 0: any free one"},
  {"caf-host", caf_programs, address, &settings::caf_host, any, hidden, "The address for it"},
  {"caf-tls-certificate", caf_programs, file, &settings::caf_tls_certificate, any, hidden,
   "With TLS: the server's certificate (PEM)"},
  {"caf-tls-key", caf_programs, file, &settings::caf_tls_key, any, hidden, "Its key"},
  {"caf-tls-authority", caf_programs, file, &settings::caf_tls_authority, any, hidden,
   "The certificate of the authority that must have signed the clients' certificates"},
  {"caf-session-timeout", caf_programs, seconds, &settings::caf_session_timeout, session_time,
   hidden, "For silence of a client, before it counts as gone"},

  {"answer-margin", embedded, seconds, &settings::answer_margin, some_time, hidden,
   "For a key's actor to answer after a request's own wait"},
  {"key-idle-timeout", embedded, seconds, &settings::key_idle_timeout, any_time, hidden,
   "How long a key that nobody uses keeps its actor"},
};

// How many members an aggregate has: as many as it can be initialized with.
struct anything {
  template <class T>
  operator T() const {
    return {};
  }
};

template <class T, class... Values>
constexpr std::size_t members() {
  if constexpr (requires { T{Values{}..., anything{}}; })
    return members<T, Values..., anything>();
  else
    return sizeof...(Values);
}

static_assert(members<settings>() == std::size(table), "each setting has a row");

// -- values -------------------------------------------------------------------

// In decimal, never with an exponent; as few digits as tell it from others.
std::string show_seconds(settings::duration x) {
  std::array<char, 64> out;
  auto value = std::chrono::duration<double>{x}.count();
  auto* end
    = std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed).ptr;
  return {out.data(), end};
}

bool read_value(std::string_view text, settings::duration& out) {
  double x = 0;
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, x, std::chars_format::fixed);
  // Whatever is far beyond every limit must not overflow: a thousand years.
  if (ec != std::errc{} || rest != end || !(x >= 0 && x < 3e10))
    return false;
  out = settings::duration{std::llround(x * 1e6)};
  return true;
}

bool read_value(std::string_view text, bool& out) {
  auto is = [text](const char* word) { return text == word; };
  out = is("true") || is("yes") || is("on") || is("1");
  return out || is("false") || is("no") || is("off") || is("0");
}

template <class T>
requires std::is_unsigned_v<T>
bool read_value(std::string_view text, T& out) {
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  return ec == std::errc{} && rest == end;
}

bool read_value(std::string_view text, std::optional<std::uint16_t>& out) {
  return read_value(text, out.emplace());
}

bool read_value(std::string_view text, sync_mode& out) {
  out = text == "off" ? sync_mode::off : sync_mode::always;
  return text == "off" || text == "always";
}

bool read_value(std::string_view text, who_shows& out) {
  out = text == "accept"    ? who_shows::accept
        : text == "require" ? who_shows::require
                            : who_shows::no;
  return text == "accept" || text == "require" || text == "no";
}

bool read_value(std::string_view text, version& out) {
  out = text == "1.3" ? version::v1_3 : version::v1_2;
  return text == "1.3" || text == "1.2";
}

bool read_value(std::string_view text, level& out) {
  out = text == "changes" ? level::changes : text == "off" ? level::off : level::refusals;
  return text == "changes" || text == "off" || text == "refusals";
}

bool read_value(std::string_view text, std::string& out) {
  out = text;
  return true;
}

std::string show(settings::duration x) {
  return x == settings::as_long_as_locks ? "max" : show_seconds(x);
}

std::string show(bool x) {
  return x ? "true" : "false";
}

template <class T>
requires std::is_unsigned_v<T> std::string show(T x) {
  return std::to_string(x);
}

std::string show(std::optional<std::uint16_t> x) {
  return x ? std::to_string(*x) : "";
}

std::string show(sync_mode x) {
  return x == sync_mode::off ? "off" : "always";
}

std::string show(who_shows x) {
  return x == who_shows::accept ? "accept" : x == who_shows::require ? "require" : "no";
}

std::string show(version x) {
  return x == version::v1_3 ? "1.3" : "1.2";
}

std::string show(level x) {
  return x == level::changes ? "changes" : x == level::off ? "off" : "refusals";
}

std::string show(const std::string& x) {
  return x;
}

// -- limits of a value ----------------------------------------------------------

bool is_time(const setting& row) {
  return std::holds_alternative<settings::duration settings::*>(row.member);
}

// Completes "must be …" for a value beyond its limits.
std::string range(const setting& row) {
  auto text = [&row](std::int64_t x) {
    if (x == year)
      return std::string{"a year"};
    return is_time(row) ? show_seconds(settings::duration{x}) : std::to_string(x);
  };
  auto& x = row.limits;
  if (!is_time(row) && x.most != setting_limits::none)
    return text(x.least) + " to " + text(x.most);
  auto result = x.above_least ? "above " + text(x.least) : text(x.least) + " or more";
  if (x.most != setting_limits::none)
    result += " and at most " + text(x.most);
  return row.kind == seconds_or_max ? "max, or " + result : result;
}

// Settings that hold no amount have no limits.
template <class T>
bool is_within(const setting&, const T&) {
  return true;
}

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) bool is_within(const setting& row,
                                                                           const T& x) {
  auto& [least, most, above_least] = row.limits;
  return (above_least ? std::cmp_greater(x, least) : std::cmp_greater_equal(x, least))
         && (most == setting_limits::none || std::cmp_less_equal(x, most));
}

bool is_within(const setting& row, const settings::duration& x) {
  return (row.kind == seconds_or_max && x == settings::as_long_as_locks)
         || is_within(row, std::int64_t{x.count()});
}

bool is_within(const setting& row, const std::string& x) {
  return row.kind != address || !x.empty();
}

} // namespace

kind_words words_of(setting_kind kind) {
  switch (kind) {
    case address:
      return {"ADDRESS", "an address"};
    case hosts:
      return {"HOSTS", "a list of hosts"};
    case file:
      return {"FILE", "a file's name"};
    case directory:
      return {"DIRECTORY", "a directory's name"};
    case port:
      return {"NUMBER", "a whole number from 0 to 65535"};
    case number:
      return {"NUMBER", "a whole number"};
    case seconds:
      return {"SECONDS", "a number of seconds, such as 2.5"};
    case seconds_or_max:
      return {"SECONDS|max", "a number of seconds, such as 2.5, or max"};
    case sync:
      return {"WHEN", "always or off"};
    case setting_kind::client_certificates:
      return {"WHICH", "no, accept or require"};
    case setting_kind::tls_version:
      return {"VERSION", "1.2 or 1.3"};
    case setting_kind::audit_level:
      return {"WHAT", "off, refusals or changes"};
    case flag:
      break;
  }
  return {" ", "true or false"}; // It stands alone.
}

std::span<const setting> settings_table() {
  return table;
}

std::string json_name(const setting& row) {
  std::string result = row.name;
  for (auto& c : result)
    if (c == '-')
      c = '_';
  return is_time(row) ? result + "_ms" : result;
}

std::string text_of(const setting& row, const settings& x) {
  return std::visit([&x](auto member) { return show(x.*member); }, row.member);
}

bool read_text(const setting& row, std::string_view text, settings& x) {
  if (row.kind == seconds_or_max && text == "max") {
    x.*std::get<settings::duration settings::*>(row.member) = settings::as_long_as_locks;
    return true;
  }
  // An empty name comes from a variable that is not set, as in --data-dir "$DIR", and would
  // switch off what the user asked for.
  if ((row.kind == file || row.kind == directory) && text.empty())
    return false;
  return std::visit([&](auto member) { return read_value(text, x.*member); }, row.member);
}

std::string check_limits(const setting& row, const settings& x) {
  if (std::visit([&](auto member) { return is_within(row, x.*member); }, row.member))
    return {};
  auto result = std::string{row.name} + " must ";
  if (row.kind == address)
    return result + "not be empty: 127.0.0.1 for this machine, 0.0.0.0 for all";
  return result + "be " + range(row);
}

} // namespace lockserver
