// What a server can be told: one field per setting, with unit, default, limit
// and the reason for each number. Knows neither sockets nor actors.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lockserver {

/// What a durable server waits for before it answers.
enum class sync_mode : std::uint8_t {
  always, ///< Until it is on disk: survives a power cut.
  off,    ///< Until the system has it: survives the end of the process. A power cut
          ///< loses about the last second; more if the disk itself is slow to write.
};

/// Whether clients show a certificate.
enum class client_certificates : std::uint8_t {
  no,      ///< They are not asked for one.
  accept,  ///< It is verified if they show one.
  require, ///< Who shows none is not served.
};

enum class tls_version : std::uint8_t { v1_2, v1_3 };

/// What is written to the audit log.
enum class audit_level : std::uint8_t {
  off,
  refusals, ///< Requests without the right, and what operators do to the locks of others.
  changes,  ///< Grants and their ends, too.
};

/// The settings of one server. Plain data: fill in what differs, then hand it
/// to `server`, which refuses what `validate` refuses.
struct settings {
  using duration = std::chrono::microseconds;

  /// Numeric address (or "localhost") to listen on. The default is reachable
  /// from this machine only, because without `access` every client may do everything.
  std::string host = "127.0.0.1";

  /// TCP port; 0 lets the system pick a free one (see `server::port`).
  /// 8004 is Lock::Server's.
  std::uint16_t port = 8004;

  /// PEM files: the server's certificate, with those between it and its authority, and
  /// the certificate's key without a passphrase, which nobody but its owner and group may
  /// read. Both, and then `port` speaks TLS and nothing else; or none.
  std::string tls_certificate{};
  std::string tls_key{};

  /// Which certificates clients show, and a PEM file with the authorities that these must
  /// come from: needed unless `no`, for any of the system's authorities would sign for
  /// anyone.
  client_certificates tls_clients = client_certificates::no;
  std::string tls_clients_authority{};

  /// The oldest version of TLS that is spoken. 1.2 only with ciphers that are as good as
  /// those of 1.3 (AEAD with ECDHE).
  tls_version tls_min_version = tls_version::v1_2;

  /// How often the files above are looked at; 0: only by `server::reload`. Certificates
  /// are renewed days before they end, and the ten seconds are for people who wait.
  duration tls_reload = std::chrono::seconds{10};

  /// Beside TLS, a port without it, for clients that know no TLS; none: there is none, 0:
  /// any free one (see `server::plain_port`). The default address is reachable from this
  /// machine only.
  std::optional<std::uint16_t> plain_port{};
  std::string plain_host = "127.0.0.1";

  /// A file that says who may do what (docs/reference.md describes it). It is read again
  /// when its content changes, as the files of TLS are. Empty: every client may do
  /// everything.
  std::string access{};

  /// A file to which lines of JSON are appended: who was refused what, and what operators
  /// have done to the locks of others. Empty: there is none.
  std::string audit_log{};
  audit_level audit = audit_level::refusals;

  /// Whether operators' acts (release by force, shutdown) need a line in the audit log
  /// first. If it cannot be written, they get 503; locks go on, for clients that lose their
  /// locks are the greater harm.
  bool audit_required = false;

  /// Requests a second of one identity, or of one address (of IPv6: 64 bits) without an
  /// identity; beyond it they get 429. 0: any number. Renewals and releases do not count,
  /// for a client that may not renew would lose its locks.
  unsigned rate_limit = 0;

  /// Requests of one identity that may wait at a time; 0: any number.
  std::size_t max_waiters_per_identity = 0;

  /// Connections of one address (of IPv6: 64 bits) at a time; 0: any number. A client
  /// beyond it is served as one beyond `max_connections`.
  std::size_t max_connections_per_address = 0;

  /// By which hosts requests may call the server (their Host field), separated by
  /// commas, without ports; "*": any. Others get 403, since a web page could make
  /// its own name point to this machine and have the browser ask for locks.
  /// "localhost", names below it and loopback addresses are always right. Empty:
  /// only those while `host` is one of them, else "*", since nobody here knows by
  /// which names a network calls this machine.
  std::string allowed_hosts{};

  /// How long a granted lock lasts unless the request says otherwise.
  /// Lock::Server's default: 3 s.
  duration lock_timeout = std::chrono::seconds{3};

  /// How long a LOCK waits for its turn unless the request says otherwise.
  /// Lock::Server's default: 4 s, that is longer than `lock_timeout`, so that
  /// a waiter outlasts one holder that died.
  duration lock_attempt_timeout = std::chrono::seconds{4};

  /// The longest `lock_timeout` a request may ask for. A day: longer work
  /// should renew instead, so that a crash does not block others for long.
  duration max_lock_timeout = std::chrono::hours{24};

  /// The longest wait a request may ask for. An hour: each wait holds a
  /// connection.
  duration max_lock_attempt_timeout = std::chrono::hours{1};

  /// Whether a client may stop the server with /SHUTDOWN.
  bool allow_shutdown = false;

  /// How often a busy port is tried before `start` fails, at least once.
  unsigned reconnect_attempts = 10;

  /// `start` waits n times this after the n-th failed try.
  duration time_between_attempts = std::chrono::seconds{5};

  /// Connections served at a time; a client beyond it gets no lock (429), but may
  /// still give one back, renew it or look. 10,000 parked clients take about 30 MB.
  std::size_t max_connections = 10'000;

  /// Keys in use at a time (held, waited for, or asked for just now). A key takes
  /// less than 2 KB.
  std::size_t max_keys = 1'000'000;

  /// Requests that may wait for one key at a time: as many as connections. Those
  /// over HTTP are fewer in all, see `max_waits`.
  std::size_t max_waiters_per_key = 10'000;

  /// Shared holders of one key at a time, and the largest semaphore; who comes
  /// later waits. A holder is found by looking at all of them.
  std::size_t max_holders_per_key = 1'000;

  /// Leases at a time: ten for each connection.
  std::size_t max_leases = 100'000;

  /// Locks that one lease may have at a time, waiting requests included: a tenth of
  /// `max_keys`, so that no client takes all keys by a mistake, and at its end they
  /// are all free within a few seconds.
  std::size_t max_locks_per_lease = 100'000;

  /// Address on which CAF programs reach the server, and its port; none: they do
  /// not, 0: any free one (see `server::caf_port`). CAF's network lets peers
  /// send to any actor, so it is for trusted networks, or with TLS.
  std::string caf_host = "127.0.0.1";
  std::optional<std::uint16_t> caf_port{};

  /// PEM files for TLS between CAF nodes: all three or none. Each side takes only
  /// peers whose certificate the authority has signed.
  std::string caf_tls_certificate{};
  std::string caf_tls_key{};
  std::string caf_tls_authority{};

  /// A CAF client that is silent for so long is gone. It says that it lives each
  /// third of it, so one lost packet does not end it.
  duration caf_session_timeout = std::chrono::seconds{10};

  /// Where locks and leases are kept, so that they survive a restart, a crash and
  /// a power cut; a directory for this server alone, made if it is not there.
  /// Empty: they are kept in memory only.
  std::string data_dir{};

  /// With `data_dir`: what an answer waits for.
  sync_mode sync = sync_mode::always;

  /// Nothing is granted for so long after the start. For servers without
  /// `data_dir`, which do not know what was held before: with the longest time
  /// that a lock may have been granted for, no two clients ever hold the same.
  /// `as_long_as_locks` is `max_lock_timeout`.
  static constexpr duration as_long_as_locks = duration::max();
  duration restart_grace{0};

  /// How long a lock of Terraform lasts; 0: until it is released, as Terraform
  /// expects, which does not renew.
  duration terraform_lock_timeout{0};

  /// Threads that serve connections and run actors. One serves 50,000 to 150,000
  /// requests a second; more help only when that is the limit.
  unsigned threads = 1;

  /// A request must have arrived completely this long after its first byte,
  /// and a new connection must send its first byte within it.
  duration header_timeout = std::chrono::seconds{10};

  /// A kept-alive connection may stay silent this long between requests.
  duration idle_timeout = std::chrono::seconds{75};

  /// A client that takes less than 1 KiB/s of its answer for this long is closed.
  duration write_timeout = std::chrono::seconds{10};

  /// A key actor that has not answered this long after the request's own wait
  /// was over is given up: the client gets 503. Only a fault or an overload of
  /// many seconds can cause it.
  duration answer_margin = std::chrono::seconds{5};

  /// A key that nobody holds or waits for keeps its actor this long, so that a
  /// busy key is not spawned and reaped for every lock. Short, because with
  /// 50,000 new keys a second each tenth of a second costs 9 MB.
  duration key_idle_timeout = std::chrono::milliseconds{100};
};

/// Returns an empty string when `x` can be served, else one sentence that says
/// which setting is wrong and what would be right.
std::string validate(const settings& x);

/// Requests over HTTP that may wait for locks at a time. Each occupies its connection;
/// a tenth of them is kept for requests that do not wait, among them those that the
/// others wait for. One at least, if there are two; 1,000 are enough for any number
/// of waiters.
inline std::size_t max_waits(const settings& x) {
  auto kept = std::clamp(x.max_connections / 10, std::size_t{1}, std::size_t{1'000});
  return x.max_connections - std::min(kept, x.max_connections - 1);
}

/// `restart_grace` as a time.
inline settings::duration restart_grace(const settings& x) {
  return x.restart_grace == settings::as_long_as_locks ? x.max_lock_timeout : x.restart_grace;
}

} // namespace lockserver
