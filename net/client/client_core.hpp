// What both dialects of the blocking client share: the connection that is kept
// between calls, how often connecting is tried, and when a request is repeated.
// Knows nothing of locks.
#pragma once

#include "lockserver/client_options.hpp"
#include "net/client/client_connection.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

namespace lockserver {

/// Keeps sums with clocks far from overflow when a caller means "for ever".
client_options::duration bounded(client_options::duration x);

/// How long one request may take, and how often connecting is tried.
struct effort {
  using clock = client_connection::clock;
  using duration = client_options::duration;

  unsigned attempts;
  duration pause;
  duration connect;
  duration answer;
  clock::time_point give_up = clock::time_point::max(); ///< Whatever else holds.

  clock::time_point until(duration limit) const {
    return std::min(give_up, clock::now() + bounded(limit));
  }
};

/// The usual effort for a request that may wait on the server for `wait`.
effort usual_effort(const client_options& options, client_options::duration wait = {});

/// Whether a request may be sent again when it is not known if the server has
/// acted on it.
enum class repeat {
  never,              ///< It changes something.
  on_kept_connection, ///< Once, when a kept connection turned out dead under it.
  once,               ///< Once, whenever the connection broke before the answer.
};

/// Thread-safe. A call that finds the kept connection in use opens one of its
/// own, so that a request that waits never delays another.
class client_core {
public:
  client_core(std::string host, std::uint16_t port, const client_options& options);
  client_core(const client_core&) = delete;
  client_core& operator=(const client_core&) = delete;
  ~client_core();

  /// Connects unless there is a connection, sends, and reads the answer.
  /// @param check decides whether the connection can be kept; none: it can.
  exchange_result ask(const http_call& call, repeat again, const effort& limits,
                      const answer_check& check = {});

  /// In a process that was forked from the one that made it: lets go of the kept
  /// connection, after which this must not be used.
  void leave_to_parent();

  const std::string host;
  const std::uint16_t port;
  const client_options options;
  const std::string server = host + " port " + std::to_string(port); ///< For messages.

private:
  std::unique_ptr<client_connection> take_idle();
  void put_back(std::unique_ptr<client_connection> connection);
  std::unique_ptr<client_connection> connect(const effort& limits, std::error_code& ec) const;

  // Not guarded by a mutex, which a fork could catch in the hands of a thread that
  // is not there in the child.
  std::atomic<client_connection*> idle_ = nullptr;
};

} // namespace lockserver
