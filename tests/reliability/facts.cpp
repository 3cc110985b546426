#include "tests/reliability/facts.hpp"

#include <algorithm>

namespace reliability {

namespace {

std::string request_name(const operation& x) {
  return x.key + '\n' + x.owner + '\n' + x.request_id;
}

bool is_grant(const operation& x) {
  return x.what == action::acquire && x.result == outcome::ok;
}

} // namespace

const known_grant* key_facts::newest_before(time_point now) const {
  auto i = std::upper_bound(grants.begin(), grants.end(), now,
                            [](time_point t, auto* grant) { return t < grant->answered(); });
  return i == grants.begin() ? nullptr : newest[static_cast<std::size_t>(i - grants.begin()) - 1];
}

facts::facts(const history& x) : all(x) {
  requests first_sent;
  for (auto& op : x.operations) {
    auto& key = keys[op.key];
    key.operations.push_back(&op);
    if (op.what == action::acquire)
      key.limit = op.limit;
    if (op.what == action::acquire && !op.request_id.empty()) {
      auto [i, added] = first_sent.emplace(request_name(op), op.invoked);
      if (!added)
        i->second = std::min(i->second, op.invoked);
    }
    result.shown.unknown += op.result == outcome::unknown ? 1 : 0;
  }
  result.shown.operations = x.operations.size();

  for (auto& op : x.operations)
    if (is_grant(op))
      add_grant(op, first_sent);
  result.shown.grants = grants.size();

  std::unordered_map<std::uint64_t, std::vector<const operation*>> later;
  for (auto& [name, key] : keys) {
    std::stable_sort(key.operations.begin(), key.operations.end(),
                     [](auto* a, auto* b) { return a->invoked < b->invoked; });
    for (auto* op : key.operations) {
      if (op->what == action::renew || op->what == action::release)
        later[op->token].push_back(op);
      if (op->what == action::acquire
          && (op->result == outcome::unknown || op->reason == "lease_expired"
              || !life_of(op->invoked, op->answered)))
        key.unknown_acquires.emplace(op->owner, op->invoked);
    }
  }
  for (auto& [token, grant] : grants) {
    find_end(grant, later[token]);
    keys[grant.by->key].grants.push_back(&grant);
  }
  for (auto& [name, key] : keys) {
    std::sort(key.grants.begin(), key.grants.end(), [](auto* a, auto* b) {
      return std::pair{a->answered(), a->by->token} < std::pair{b->answered(), b->by->token};
    });
    for (auto* grant : key.grants) {
      auto greater = key.newest.empty() || key.newest.back()->by->token < grant->by->token;
      key.newest.push_back(greater ? grant : key.newest.back());
    }
  }
}

void facts::add_grant(const operation& x, const requests& first_sent) {
  auto sent = x.request_id.empty() ? x.invoked : first_sent.at(request_name(x));
  auto [i, added] = grants.emplace(x.token, known_grant{&x, sent, x.until, nullptr});
  if (added)
    return;
  auto& known = i->second;
  auto same = !x.request_id.empty() && request_name(x) == request_name(*known.by);
  if (!same)
    accuse("tokens", [&] {
      return text(x) + " has the token of " + text(*known.by) + ", and is no repeat of it";
    });
  else if (x.answered < known.by->answered)
    known.by = &x;
}

// @param later renewals and releases by this token, in the order of `invoked`.
void facts::find_end(known_grant& x, const std::vector<const operation*>& later) const {
  // A renewal without an answer may take effect at any time after it was sent, even after
  // later ones. So the shortest one is assumed. The same applies to a refused renewal,
  // because the client actor sends it again to the next life of a server.
  auto shortest = duration::max();
  for (auto* op : later) {
    if (op->owner != x.by->owner || op->key != x.by->key)
      continue;
    auto done = op->result == outcome::ok;
    if (op->what == action::renew && done) {
      // It has the same token, so the grant had lasted until then.
      x.end = op->until;
      if (shortest != duration::max())
        x.end = std::min(x.end, op->invoked + shortest);
    } else if (op->what == action::renew) {
      shortest = std::min(shortest, op->ttl);
      x.end = std::min(x.end, op->invoked + op->ttl);
    } else if (op->what == action::release && (done || op->result == outcome::unknown)) {
      if (done && x.released == nullptr)
        x.released = op;
      x.end = std::min(x.end, op->invoked);
      if (done)
        break;
      // It may still take effect, so nothing after it is certain.
      shortest = duration::zero();
    }
  }
  if (!all.durable)
    x.end = std::min(x.end, next_death(x.sent));
}

time_point facts::next_death(time_point now) const {
  for (auto& x : all.lives)
    if (x.ended > now)
      return x.ended;
  return never;
}

std::size_t facts::lives_begun(time_point now) const {
  return static_cast<std::size_t>(
    std::upper_bound(all.lives.begin(), all.lives.end(), now,
                     [](time_point t, const life& x) { return t < x.began; })
    - all.lives.begin());
}

std::optional<std::size_t> facts::life_of(time_point from, time_point to) const {
  if (all.lives.empty())
    return 0;
  auto begun = lives_begun(from);
  if (begun == 0 || to >= all.lives[begun - 1].ended)
    return std::nullopt;
  return begun - 1;
}

} // namespace reliability
