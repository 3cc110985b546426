#include "apps/lockctl/failure.hpp"

#include "apps/lockctl/printable.hpp"

namespace lockserver::lockctl {

exit_status status_of(std::error_code ec) {
  if (ec.category() == errc_category())
    return static_cast<exit_status>(row_of(static_cast<errc>(ec.value())).exit_status);
  // The client's own errors: a value that no server accepts, or no connection.
  return ec == std::errc::invalid_argument ? exit_status::usage : exit_status::unavailable;
}

failure failure_of(const problem& x, const std::string& about) {
  auto sentence = printable(about) + ": "
                  + printable(x.detail.empty() ? x.code.message() : x.detail);
  if (!x.holders.empty()) {
    sentence += " (held by ";
    auto shown = 0;
    for (auto& holder : x.holders) {
      if (shown == 3) {
        sentence += " and " + std::to_string(x.holder_count - 3) + " more";
        break;
      }
      sentence += (shown++ > 0 ? ", " : "") + printable(holder.owner);
    }
    sentence += ")";
  }
  return {status_of(x.code), sentence};
}

} // namespace lockserver::lockctl
