#include "net/access/access_gate.hpp"

#include <optional>
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
  return pass_as(*std::get<const principal*>(result), how.from, x, now);
}

auto access_gate::pass_as(const principal& who, const client_network& from, const access_wish& x,
                          clock::time_point now) -> answer {
  std::optional<denial> no;
  if (limits_rates_ && row_of(x.what).is_limited) {
    std::lock_guard guard{mutex_};
    if (auto wait = rates_.take(who, from, now))
      no = too_many_requests(*wait);
  }
  if (!no)
    no = refuse(who, x);
  if (!no)
    return &who;
  no->identity = who.identity();
  return std::move(*no);
}

auto access_gate::sign_in(const access_rules& rules, authenticator& client, const arrival& how,
                          bool is_limited, clock::time_point now) -> answer {
  auto tries = client.would_verify(rules, how.credentials);
  if (tries && is_limited) {
    std::lock_guard guard{mutex_};
    if (auto wait = failures_.wait(how.from, now))
      return too_many_logins(*wait);
  }
  auto result = client.who(rules, how.credentials, how.is_private);
  auto* no = std::get_if<denial>(&result);
  if (tries && no != nullptr && no->why == errc::unauthenticated) {
    std::lock_guard guard{mutex_};
    failures_.failed(how.from, now);
  }
  return result;
}

} // namespace lockserver
