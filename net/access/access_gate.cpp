#include "net/access/access_gate.hpp"

#include <utility>

namespace lockserver {

auto access_gate::pass(const access_rules& rules, authenticator& client, const arrival& how,
                       const access_wish& x, clock::time_point now) -> answer {
  auto& row = row_of(x.what);
  // Load balancers have no credentials.
  if (x.what == operation::health)
    return &rules.anonymous();
  auto result = sign_in(rules, client, how, row.is_limited, now);
  if (std::holds_alternative<denial>(result))
    return result;
  const auto& who = *std::get<const principal*>(result);
  if (row.is_limited)
    if (auto wait = rates_.take(who, how.from, now))
      return too_many_requests(*wait);
  if (auto no = refuse(who, x))
    return std::move(*no);
  return &who;
}

auto access_gate::sign_in(const access_rules& rules, authenticator& client, const arrival& how,
                          bool is_limited, clock::time_point now) -> answer {
  auto tries = client.would_verify(rules, how.credentials);
  if (tries && is_limited)
    if (auto wait = failures_.wait(how.from, now))
      return too_many_logins(*wait);
  auto result = client.who(rules, how.credentials, how.is_private);
  auto* no = std::get_if<denial>(&result);
  if (tries && no != nullptr && no->why == errc::unauthenticated)
    failures_.failed(how.from, now);
  return result;
}

} // namespace lockserver
