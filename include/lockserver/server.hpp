// The lock server as an object, for programs that embed it and for the
// program `lockserver-caf`, which is a thin shell around it.
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

/// What a server holds at one moment.
struct counts {
  std::size_t connections = 0; ///< Open client connections, and sessions of CAF clients.
  std::size_t keys = 0;        ///< Key actors, including idle ones soon reaped.
  std::size_t holders = 0;     ///< Locks that are held.
  std::size_t waiters = 0;     ///< Requests that wait for their turn.
  std::size_t leases = 0;      ///< Leases that live.
  std::uint64_t commits = 0;   ///< Since the start, of a durable server.
  std::uint64_t decisions = 0; ///< What these have made durable.
};

/// One lock server: its port, its threads, its locks. Several may live in one
/// process; they share nothing. All methods are thread-safe.
class server {
public:
  /// Makes a server that does not serve yet. Throws `std::invalid_argument`
  /// with `validate`'s sentence when `config` is wrong.
  /// @param log where it writes; none when null.
  explicit server(settings config = {}, std::shared_ptr<spdlog::logger> log = nullptr);

  /// Stops the server, see `stop`.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Opens the data directory, if there is one, and the port, takes up the locks
  /// that are stored, and serves on threads of its own; returns when clients are
  /// served. A busy port is tried again as `settings::reconnect_attempts`
  /// says; `stop` ends that early. Does nothing when it serves already.
  /// @return the error that kept it from serving, or none: `std::errc::io_error`
  /// is the data directory's, or the port's for CAF programs.
  std::error_code start();

  /// What kept the last `start` from serving, as a sentence; empty if nothing
  /// did.
  std::string start_problem() const;

  /// `start`, then waits until the server has stopped: by `stop` from another
  /// thread, or by a client's /SHUTDOWN.
  /// @return as `start`.
  std::error_code run();

  /// Waits until a serving server has stopped; returns at once otherwise.
  void wait();

  /// Stops accepting, answers every waiting LOCK with `0`, finishes answers
  /// under way, closes all connections and ends all threads. Takes at most two
  /// seconds. Without a data directory all locks end with it. Must not be called from one of the
  /// server's own threads.
  void stop();

  /// Whether the server answers on its port, as `rest_client::ping`.
  bool ping() const;

  /// A client of this server for the requester `name`. The host is this
  /// server's own; throws as `rest_client`'s constructor.
  rest_client client(std::string name, client_options options = {}) const;

  /// The port it listens on, also when the settings said 0; 0 before `start`.
  std::uint16_t port() const noexcept;

  /// The port for CAF programs, also when the settings said 0; 0 before `start`
  /// and without such a port.
  std::uint16_t caf_port() const noexcept;

  /// What it holds now. The numbers are read one after the other, while the
  /// server goes on.
  counts count() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace lockserver
