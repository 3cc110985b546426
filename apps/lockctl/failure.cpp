#include "apps/lockctl/failure.hpp"

#include "apps/lockctl/printable.hpp"

namespace lockserver::lockctl {

exit_status status_of(std::error_code ec) {
  if (ec == std::errc::invalid_argument || ec == client_errc::limit_mismatch)
    return exit_status::usage;
  if (ec == client_errc::held || ec == client_errc::wait_timeout || ec == client_errc::already_held
      || ec == client_errc::already_waiting || ec == client_errc::too_many)
    return exit_status::not_obtained;
  if (ec == client_errc::not_holder || ec == client_errc::wrong_owner
      || ec == client_errc::lease_expired)
    return exit_status::no;
  if (ec == client_errc::expired)
    return exit_status::lost;
  return exit_status::unavailable;
}

failure failure_of(const problem& x, const std::string& about) {
  auto sentence = printable(about) + ": "
                  + printable(x.detail.empty() ? x.code.message() : x.detail);
  if (!x.holders.empty()) {
    sentence += " (held by ";
    auto shown = 0;
    for (auto& holder : x.holders) {
      if (shown == 3) {
        sentence += " and " + std::to_string(x.holders.size() - 3) + " more";
        break;
      }
      sentence += (shown++ > 0 ? ", " : "") + printable(holder.owner);
    }
    sentence += ")";
  }
  return {status_of(x.code), sentence};
}

} // namespace lockserver::lockctl
