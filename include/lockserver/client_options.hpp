// How a client connects, and how long it waits.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace lockserver {

/// For a server that speaks TLS. The files (PEM) are read when the client is made. That the
/// server's certificate is for the name by which it is called is checked always.
struct client_tls {
  /// Who must have signed the server's certificate; empty: any authority that the system
  /// trusts.
  std::string authority{};
  /// The certificate that the client shows, and its key without a passphrase. Both or none.
  std::string certificate{};
  std::string key{};
  /// Whom the server's certificate must be for; empty: the host that the client connects
  /// to. For tunnels, whose host is another.
  std::string server_name{};
};

/// How a client connects, and how long it waits. The defaults are those of
/// Lock::Server::Client where it has the same option.
struct client_options {
  using duration = std::chrono::microseconds;

  /// How often to try to connect, at least once.
  unsigned reconnect_attempts = 3;

  /// After the n-th failed try, the client pauses n times this.
  duration time_between_attempts = std::chrono::seconds{3};

  /// `ping` gives up after this, including the time to connect.
  duration ping_timeout = std::chrono::seconds{3};

  /// The longest time for one try to connect. It includes the look-up of the host, and
  /// all its addresses.
  duration connect_timeout = std::chrono::seconds{5};

  /// The longest time for an answer, beyond the time that the call may wait for a lock. A
  /// call that names no wait counts as one that waits for `longest_wait`.
  duration answer_timeout = std::chrono::seconds{10};

  /// How long a call that names no wait may wait on the server. It must not be less than
  /// the server's `lock_attempt_timeout`.
  duration longest_wait = std::chrono::seconds{60};

  /// The token of the client's identity, as `lockserver-caf token` prints it, which the
  /// client sends with each request; empty: none. A constructor throws
  /// `std::invalid_argument` unless it has at most 512 visible ASCII characters and no
  /// spaces. No error contains it.
  ///
  /// It is never sent to another machine without TLS, because everybody on the way could
  /// read it. Without `tls`, each call whose host has an address that is not a loopback
  /// address ends with `errc::tls_required`, and nothing is sent.
  std::string token{};

  /// None: the server speaks plain HTTP. When a server is not trusted, or does not take the
  /// client, the error is `errc::unreachable` with OpenSSL's sentence.
  std::optional<client_tls> tls{};
};

} // namespace lockserver
