// What a `rest_client` is made of.
#pragma once

#include "net/client_core.hpp"
#include "net/lock_keeper.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace lockserver {

struct client_parts {
  std::string name{};
  std::shared_ptr<client_core> core{};

  /// Renews held locks; started with the first of them.
  std::shared_ptr<lock_keeper> keeper();

  client_parts() = default;
  client_parts(const client_parts&) = delete;
  client_parts& operator=(const client_parts&) = delete;
  ~client_parts();

private:
  std::mutex mutex_{};
  std::shared_ptr<lock_keeper> keeper_{}; // guarded by mutex_
};

} // namespace lockserver
