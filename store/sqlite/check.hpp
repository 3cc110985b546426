// Verifies a store without changing it, also while its server runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

struct store_report {
  std::int64_t version = 0; ///< Of the tables.
  std::int64_t keys = 0;    ///< That are held.
  std::int64_t grants = 0;
  std::int64_t leases = 0;
  std::int64_t last_token = 0;
  std::vector<std::string> problems; ///< Sentences; none when the store is sound.
};

/// Looks at the store in `directory`: whether its log is whole (`log_problem`),
/// whether SQLite finds its file in order, and whether what it says can be: never two holders where one is exclusive,
/// never more than a semaphore has, no token above the greatest. What cannot be
/// read at all is a problem, too.
store_report check_store(const std::string& directory);

} // namespace lockserver
