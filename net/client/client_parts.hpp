// The parts of a blocking client that do not depend on its protocol.
#pragma once

#include "net/client/blocking_core.hpp"
#include "net/client/lock_keeper.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>

namespace lockserver {

/// The parts of a client that belong to one process: a connection and a thread.
class process_parts {
public:
  explicit process_parts(client_target target);
  process_parts(const process_parts&) = delete;
  process_parts& operator=(const process_parts&) = delete;
  ~process_parts();

  const pid_t process;
  const std::shared_ptr<blocking_core> core;

  /// Renews held locks. It starts with the first of them.
  std::shared_ptr<lock_keeper> keeper();

private:
  std::mutex mutex_;
  std::shared_ptr<lock_keeper> keeper_; // guarded by mutex_
};

/// @throws std::invalid_argument with a sentence if a client cannot have this name,
/// connect to this host or send the token of `options`.
void check_client(const std::string& name, const std::string& host, const client_options& options);

class client_parts {
public:
  /// @throws what `check_client` and `client_target` throw.
  client_parts(std::string who, const std::string& host, std::uint16_t port,
               const client_options& options);
  client_parts(const client_parts&) = delete;
  client_parts& operator=(const client_parts&) = delete;
  ~client_parts();

  const std::string name;

  /// The parts of the calling process. After a fork, the child gets new ones.
  process_parts& here();

  blocking_core& core() {
    return *here().core;
  }

private:
  std::atomic<process_parts*> parts_ = nullptr;
};

} // namespace lockserver
