// Mutual exclusion, and that no acknowledged grant is forgotten.
#include "tests/reliability/facts.hpp"

#include <algorithm>

namespace reliability {

namespace {

// Whether an answer, all of whose time lies within the certain time of a grant,
// can be true.
bool agrees(const operation& x, const operation& grant) {
  if (x.result != outcome::ok && x.result != outcome::refused)
    return true;
  if (x.shows_holders)
    return std::any_of(x.holders.begin(), x.holders.end(), [&](auto& holder) {
      return holder.token == grant.token && holder.owner == grant.owner;
    });
  if (x.what != action::renew && x.what != action::release)
    return true;
  if (x.token == grant.token && x.owner == grant.owner)
    return x.result == outcome::ok;
  return x.result != outcome::ok; // by another token
}

bool tells(const operation& x) {
  return x.shows_holders || x.what == action::renew || x.what == action::release;
}

void check_exclusion(facts& all, const key_facts& key) {
  const known_grant* last = nullptr; // to end, of those answered earlier
  for (auto* grant : key.grants) {
    // Without certain time of its own it still was given between request and answer.
    auto certain = grant->end > grant->answered()
                   || (last != nullptr && grant->sent >= last->answered());
    if (last != nullptr && grant->answered() < last->end && certain)
      all.accuse("exclusion", [&] {
        return all.text(*grant->by) + " was granted while " + all.text(*last->by)
               + " certainly lasted, until " + all.text(last->end);
      });
    if (last == nullptr || grant->end > last->end)
      last = grant;
  }
}

} // namespace

void check_holds(facts& all) {
  std::vector<const known_grant*> survivors;
  for (auto& [name, key] : all.keys) {
    check_exclusion(all, key);
    for (auto* op : key.operations) {
      auto* grant = key.last_before(op->invoked);
      if (grant == nullptr || !tells(*op) || op == grant->by || op->answered > grant->end)
        continue;
      if (agrees(*op, *grant->by)) {
        if (op->result != outcome::ok && op->result != outcome::refused)
          continue;
        ++all.result.shown.confirmed;
        if (all.lives_begun(op->invoked) > all.lives_begun(grant->answered()))
          survivors.push_back(grant);
        continue;
      }
      all.accuse("forgotten_grant", [&] {
        auto deaths = all.lives_begun(op->answered) - all.lives_begun(grant->answered());
        return all.text(*op) + " contradicts " + all.text(*grant->by)
               + ", which certainly lasted until " + all.text(grant->end)
               + (deaths == 0 ? ", in the same life of the server"
                              : ", over " + std::to_string(deaths) + " deaths of the server");
      });
    }
  }
  std::sort(survivors.begin(), survivors.end());
  all.result.shown.survived
    = static_cast<std::size_t>(std::unique(survivors.begin(), survivors.end()) - survivors.begin());
}

} // namespace reliability
