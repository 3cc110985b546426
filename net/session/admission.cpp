#include "net/session/admission.hpp"

#include <chrono>

namespace lockserver {

std::optional<refusal> refuse(const wish& x, const server_state& server, const client_state& client,
                              const client_limits& most, time_point now) {
  if (x.needs == need::nothing)
    return std::nullopt;
  auto grants = x.needs == need::grant;
  // Checked first: a surplus client may release locks, but gets none.
  if (grants && client.surplus)
    return refusal{errc::too_many, "too many connections", {}, 1};
  if (server.recovering)
    return refusal_of(server.stopping ? errc::stopping : errc::recovering);
  if (!grants)
    return std::nullopt;
  if (auto no = refuse_grants(server, now))
    return no;
  if (client.under_way >= most.under_way)
    return too_many(most.under_way, " acquires under way, which is the limit: use several clients");
  if (x.binds && client.bound >= most.bound)
    return too_many(most.bound, " locks that end with it, which is the limit");
  return std::nullopt;
}

std::optional<refusal> refuse_grants(const server_state& server, time_point now) {
  if (server.stopping)
    return refusal_of(errc::stopping);
  if (now >= server.grants_from)
    return std::nullopt;
  auto left = std::chrono::ceil<std::chrono::seconds>(server.grants_from - now);
  return restart_grace(static_cast<unsigned>(left.count()));
}

} // namespace lockserver
