// The lock server as an object, for programs that embed it. The program `lockserver-caf`
// is built on it.
#pragma once

#include "lockserver/rest_client.hpp"
#include "lockserver/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

namespace spdlog {
class logger;
}

namespace lockserver {

/// What a server holds at one moment, and what it has committed.
struct counts {
  std::size_t connections = 0; ///< Open client connections and sessions of CAF clients.
  std::size_t keys = 0;        ///< Key actors, including idle ones that end soon.
  std::size_t holders = 0;     ///< Locks that are held.
  std::size_t waiters = 0;     ///< Requests that wait for their turn.
  std::size_t leases = 0;      ///< Leases that live.
  std::uint64_t commits = 0;   ///< Transactions since the start, if durable.
  std::uint64_t decisions = 0; ///< Changes that these transactions made durable.
  /// Checks since the start that found a changed file which cannot be used.
  std::uint64_t reload_failures = 0;
};

/// One lock server: its port, its threads, its locks. One process may have several
/// servers; they share nothing. All methods are thread-safe.
class server {
public:
  /// Makes a server that does not serve yet.
  /// @param log where the server writes its log; null: nowhere.
  /// @throws std::invalid_argument with the sentence of `validate` when `config` is
  /// wrong.
  explicit server(settings config = {}, std::shared_ptr<spdlog::logger> log = nullptr);

  /// Stops the server, see `stop`.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Opens the data directory, if there is one, and the port, restores the stored locks,
  /// and serves on threads of its own. Returns when clients are served. If the port is
  /// busy, it tries again as `settings::reconnect_attempts` says; `stop` ends that early.
  /// Does nothing if the server serves already.
  /// @return the error that prevented it, or none. `std::errc::io_error` is an error of
  /// the data directory, of a TLS file, or of the port for CAF programs.
  std::error_code start();

  /// A sentence that says what made the last `start` fail; empty if it did not fail.
  std::string start_problem() const;

  /// Calls `start`, then waits until the server has stopped, by `stop` from another
  /// thread or by a client's /SHUTDOWN.
  /// @return what `start` returns.
  std::error_code run();

  /// Waits until a serving server has stopped; returns at once otherwise.
  void wait();

  /// Stops accepting, answers every waiting LOCK with `0`, finishes the answers under
  /// way, closes all connections and ends all threads. Takes at most two seconds. Without
  /// a data directory all locks end with the server. Must not be called from one of the
  /// server's own threads.
  void stop();

  /// Reads the files of TLS again, soon: all of them are put to use for new connections,
  /// or none when one is wrong, which the log says.
  void reload();

  /// Whether the server answers on its port, as `rest_client::ping` of `client` finds out.
  bool ping() const;

  /// A client of this server for the requester `name`. The host is this server's own.
  /// Throws what the constructor of `rest_client` throws.
  /// @param options without `tls`, the client of a server with TLS uses its plain port. If it
  ///        has none, the client takes it by the authorities that the system trusts.
  rest_client client(std::string name, client_options options = {}) const;

  /// The port on which it listens, also when the settings said 0; 0 before `start`.
  std::uint16_t port() const noexcept;

  /// The port without TLS, also when the settings said 0; 0 before `start` and without
  /// such a port.
  std::uint16_t plain_port() const noexcept;

  /// The port for CAF programs, also when the settings said 0. It is 0 before `start`,
  /// and if there is no such port.
  std::uint16_t caf_port() const noexcept;

  /// What the server holds now. The numbers are read one after the other while the server
  /// goes on.
  counts count() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace lockserver
