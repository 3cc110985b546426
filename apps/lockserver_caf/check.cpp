// The command that verifies a store.

#include "store/sqlite/check.hpp"

#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"

#include <iostream>

namespace lockserver::program {

int check(const options& x) {
  auto report = check_store(x.checked);
  if (!report.problems.empty()) {
    for (auto& problem : report.problems)
      std::cerr << problem << '\n';
    throw failure{exit_status::bad_data, x.checked + "/locks.db is not sound, see above"};
  }
  std::cout << x.checked << "/locks.db is sound: version " << report.version << ", " << report.keys
            << " keys held by " << report.grants << " grants, " << report.leases
            << " leases, tokens up to " << report.last_token << '\n';
  return static_cast<int>(exit_status::ok);
}

} // namespace lockserver::program
