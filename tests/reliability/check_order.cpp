// Checks first come, first served, within one life of the server.
#include "tests/reliability/facts.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace reliability {

namespace {

// An acquire that was seen in the queue.
struct in_line {
  const operation* op = nullptr;
  time_point since{}; ///< It was in the queue at this time, or before.
  std::size_t life = 0;
};

using acquires = std::unordered_map<std::string, std::vector<const operation*>>;

// The only acquire of its owner that can have been in the queue during `look`; none if
// there are several.
const operation* waiting_one(const acquires& by_owner, const std::string& owner,
                             const operation& look) {
  const operation* result = nullptr;
  auto found = by_owner.find(owner);
  if (found == by_owner.end())
    return nullptr;
  for (auto* op : found->second) {
    if (op->invoked > look.answered || op->answered < look.invoked)
      continue;
    if (result != nullptr)
      return nullptr;
    result = op;
  }
  return result;
}

class order_check {
public:
  order_check(facts& all, const key_facts& key) : all_(all), key_(key) {
    for (auto* op : key.operations)
      if (op->what == action::acquire)
        by_owner_[op->owner].push_back(op);
  }

  void run() {
    for (auto* op : key_.operations)
      if (op->what == action::verify && op->result == outcome::ok && !op->queue.empty())
        look(*op);
    all_.result.shown.waited += waiting_.size();
    for (auto& [op, x] : waiting_)
      check_overtaken(x);
  }

private:
  void look(const operation& at) {
    auto life = all_.life_of(at.invoked, at.answered);
    if (!life)
      return;
    const operation* before = nullptr;
    for (auto& owner : at.queue) {
      auto* op = waiting_one(by_owner_, owner, at);
      if (op == nullptr || all_.life_of(at.invoked, op->answered) != life)
        continue;
      auto [i, added] = waiting_.emplace(op, in_line{op, at.answered, *life});
      if (!added && i->second.life == *life)
        i->second.since = std::min(i->second.since, at.answered);
      if (before != nullptr)
        compare(*before, *op, [&] { return "stood before it in line in " + all_.text(at); });
      before = op;
    }
  }

  // Both are in one life, and `first` certainly came before `second`.
  template <class Why>
  void compare(const operation& first, const operation& second, Why why) {
    if (second.result != outcome::ok)
      return;
    auto overtaken = first.result == outcome::ok && first.token > second.token;
    // It was ready to wait at least until then.
    auto passed_over = first.result == outcome::refused && first.reason == "wait_timeout"
                       && second.answered < first.invoked + first.wait;
    if ((overtaken || passed_over) && accused_.emplace(&first, &second).second)
      all_.accuse("order", [&] {
        return all_.text(second) + " was granted before " + all_.text(first) + ", which " + why();
      });
  }

  void check_overtaken(const in_line& x) {
    // Only requests that came later. One that came after the answer cannot overtake.
    auto i = std::upper_bound(key_.operations.begin(), key_.operations.end(), x.since,
                              [](time_point t, auto* op) { return t < op->invoked; });
    for (; i != key_.operations.end() && (*i)->invoked < x.op->answered; ++i)
      if ((*i)->what == action::acquire && is_fresh(**i)
          && all_.life_of((*i)->invoked, (*i)->answered) == x.life)
        compare(*x.op, **i, [&] { return "was in line at " + all_.text(x.since); });
  }

  // Whether it is the only try of its request. An earlier try may have been in the queue
  // long before.
  bool is_fresh(const operation& x) const {
    auto grant = all_.grants.find(x.token);
    return grant != all_.grants.end() && grant->second.sent == x.invoked;
  }

  facts& all_;
  const key_facts& key_;
  acquires by_owner_;
  std::unordered_map<const operation*, in_line> waiting_;
  std::set<std::pair<const operation*, const operation*>> accused_;
};

} // namespace

void check_order(facts& all) {
  for (auto& [name, key] : all.keys)
    order_check{all, key}.run();
}

} // namespace reliability
