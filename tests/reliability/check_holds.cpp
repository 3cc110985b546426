// Checks mutual exclusion, and that no acknowledged grant is forgotten.
#include "tests/reliability/facts.hpp"

#include <algorithm>

namespace reliability {

namespace {

// Whether an answer can be true, if all of its time lies within the certain time of a
// grant.
bool agrees(const key_facts& key, const operation& x, const operation& grant) {
  if (x.shows_holders)
    return std::any_of(x.holders.begin(), x.holders.end(), [&](auto& holder) {
      return holder.token == grant.token && holder.owner == grant.owner;
    });
  if (x.token == grant.token && x.owner == grant.owner)
    return x.result == outcome::ok;
  return x.result != outcome::ok || key.limit > 1; // holds by another token
}

bool tells(const operation& x) {
  return (x.result == outcome::ok || x.result == outcome::refused)
         && (x.shows_holders || x.what == action::renew || x.what == action::release);
}

// The grants of a key that last at a time. The time only increases.
class lasting {
public:
  explicit lasting(const key_facts& key) : next_(key.grants.begin()), end_(key.grants.end()) {
  }

  /// The grants that were answered before `now` and certainly last until then. `now` must
  /// not be smaller than in the last call.
  const std::vector<const known_grant*>& at(time_point now) {
    for (; next_ != end_ && (*next_)->answered() <= now; ++next_)
      grants_.push_back(*next_);
    std::erase_if(grants_, [now](auto* x) { return x->end <= now; });
    return grants_;
  }

private:
  std::vector<const known_grant*>::const_iterator next_, end_;
  std::vector<const known_grant*> grants_;
};

void check_exclusion(facts& all, const key_facts& key) {
  std::vector<const known_grant*> others; // answered earlier, and certainly lasting
  for (auto* grant : key.grants) {
    std::erase_if(others, [&](auto* x) { return x->end <= grant->answered(); });
    // A grant without certain time was still given between its request and its answer.
    auto certain = grant->end > grant->answered()
                   || std::all_of(others.begin(), others.end(),
                                  [&](auto* x) { return x->answered() <= grant->sent; });
    if (others.size() >= key.limit && certain)
      all.accuse("exclusion", [&] {
        auto text = all.text(*grant->by) + " was granted while ";
        for (auto* x : others)
          text += (x == others.front() ? "" : " and ") + all.text(*x->by)
                  + " certainly lasted, until " + all.text(x->end);
        return text;
      });
    others.push_back(grant);
  }
}

void contradicts(facts& all, const operation& op, const known_grant& grant) {
  all.accuse("forgotten_grant", [&] {
    auto deaths = all.lives_begun(op.answered) - all.lives_begun(grant.answered());
    return all.text(op) + " contradicts " + all.text(*grant.by) + ", which certainly lasted until "
           + all.text(grant.end)
           + (deaths == 0 ? ", in the same life of the server"
                          : ", over " + std::to_string(deaths) + " deaths of the server");
  });
}

} // namespace

void check_holds(facts& all) {
  std::vector<const known_grant*> survivors;
  for (auto& [name, key] : all.keys) {
    check_exclusion(all, key);
    lasting grants{key};
    for (auto* op : key.operations) {
      if (!tells(*op) || all.may_be_repeat(*op))
        continue;
      for (auto* grant : grants.at(op->invoked)) {
        if (op->answered > grant->end)
          continue;
        if (!agrees(key, *op, *grant->by)) {
          contradicts(all, *op, *grant);
          continue;
        }
        ++all.result.shown.confirmed;
        if (all.lives_begun(op->invoked) > all.lives_begun(grant->answered()))
          survivors.push_back(grant);
      }
    }
  }
  std::sort(survivors.begin(), survivors.end());
  all.result.shown.survived
    = static_cast<std::size_t>(std::unique(survivors.begin(), survivors.end()) - survivors.begin());
}

} // namespace reliability
