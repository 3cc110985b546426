#include "actors/lock_queue.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"
#include "tests/support/seed.hpp"

#include <algorithm>
#include <optional>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

// The rules once more, as simply as they can be said: a list, and a look at
// all of it each time.
class naive_lock {
public:
  struct request {
    std::string owner;
    ticket_id ticket;
    duration ttl;
    time_point until; // the end of its wait, or of its grant
  };

  acquire_outcome acquire(time_point now, const std::string& owner, ticket_id ticket, duration ttl,
                          duration wait) {
    catch_up(now);
    if (!holder) {
      grant_to({owner, ticket, ttl, now}, now);
      return acquire_outcome::granted;
    }
    if (holder->owner == owner)
      return acquire_outcome::already_held;
    for (auto& x : line)
      if (x.owner == owner)
        return acquire_outcome::already_waiting;
    if (wait == 0s)
      return acquire_outcome::held;
    line.push_back({owner, ticket, ttl, now + wait});
    return acquire_outcome::waiting;
  }

  bool release(time_point now, const std::string& owner) {
    if (verify(now, owner)) {
      became_free(now, now);
      return true;
    }
    catch_up(now);
    return false;
  }

  bool withdraw(time_point now, ticket_id ticket) {
    if (check(now) && holder->ticket == ticket) {
      became_free(now, now);
      return true;
    }
    auto count = std::erase_if(line, [ticket](auto& x) { return x.ticket == ticket; });
    catch_up(now);
    return count > 0;
  }

  void catch_up(time_point now) {
    if (holder && holder->until <= now)
      became_free(holder->until, now);
    give_up([now](time_point until) { return until <= now; });
  }

  bool check(time_point now) const {
    return holder && now < holder->until;
  }
  bool verify(time_point now, const std::string& owner) const {
    return check(now) && holder->owner == owner;
  }

  std::optional<time_point> next_deadline() const {
    std::optional<time_point> result;
    if (holder)
      result = holder->until;
    for (auto& x : line)
      if (!result || x.until < *result)
        result = x.until;
    return result;
  }

  std::optional<request> holder;
  std::vector<request> line;
  std::vector<decision> decided;
  std::uint64_t token = 0; // the last one

private:
  void became_free(time_point when, time_point now) {
    holder.reset();
    give_up([when](time_point until) { return until < when; });
    if (!line.empty()) {
      auto next = line.front();
      line.erase(line.begin());
      grant_to(next, now);
      decided.push_back({next.ticket, next.owner, true, token, holder->until});
    }
    give_up([now](time_point until) { return until <= now; });
  }

  void grant_to(request x, time_point now) {
    ++token;
    x.until = now + x.ttl;
    holder = x;
  }

  template <class Over>
  void give_up(Over over) {
    while (true) {
      auto first = line.end();
      for (auto i = line.begin(); i != line.end(); ++i)
        if (over(i->until)
            && (first == line.end()
                || std::tie(i->until, i->ticket) < std::tie(first->until, first->ticket)))
          first = i;
      if (first == line.end())
        return;
      decided.push_back({first->ticket, first->owner, false, 0, {}});
      line.erase(first);
    }
  }
};

// Everything that can be seen of a lock after an operation.
struct view {
  std::vector<decision> decided;
  std::optional<decision> holder; // a grant, as if it had just been decided
  std::size_t waiting = 0;
  bool idle = false;
  bool check = false;
  std::vector<bool> verify; // by owner
  std::optional<time_point> next_deadline;

  friend bool operator==(const view&, const view&) = default;
  friend std::ostream& operator<<(std::ostream& out, const view& x) {
    out << "decided:";
    for (auto& i : x.decided)
      out << " [" << i << ']';
    out << " holder: ";
    if (x.holder)
      out << *x.holder;
    else
      out << "none";
    out << " waiting: " << x.waiting << " idle: " << x.idle << " check: " << x.check << " verify:";
    for (bool i : x.verify)
      out << ' ' << i;
    if (x.next_deadline)
      out << " next: " << x.next_deadline->time_since_epoch().count() << "ns";
    return out;
  }
};

const std::vector<std::string> owners{"a", "b", "c", "d", "e"};

view look(const lock_queue& x, time_point now, std::vector<decision> decided) {
  view result{std::move(decided), {}, x.waiting(), x.idle(), x.check(now), {}, x.next_deadline()};
  if (auto* y = x.holder())
    result.holder = decision{y->ticket, y->owner, true, y->token, y->expires_at};
  for (auto& owner : owners)
    result.verify.push_back(x.verify(now, owner));
  return result;
}

view look(const naive_lock& x, time_point now, std::vector<decision> decided) {
  view result{std::move(decided), {}, x.line.size(),    !x.holder && x.line.empty(),
              x.check(now),       {}, x.next_deadline()};
  if (auto& y = x.holder)
    result.holder = decision{y->ticket, y->owner, true, x.token, y->until};
  for (auto& owner : owners)
    result.verify.push_back(x.verify(now, owner));
  return result;
}

// Does the same at random to both, and compares them after each step.
void compare(std::uint64_t seed, int steps) {
  CAPTURE(seed);
  test::random_source random{seed};
  token_source tokens{0};
  lock_queue lock{tokens};
  naive_lock model;
  auto now = time_point{};
  ticket_id last_ticket = 0;
  for (int step = 0; step < steps; ++step) {
    // Few owners and whole seconds, so that much happens at the same instant.
    now += random.below(3) * 1s;
    if (random.below(50) == 0)
      now += random.below(20) * 1s;
    auto& owner = owners[random.below(owners.size())];
    auto ticket = last_ticket - random.below(8); // may wrap: an unknown one
    lock_queue::decisions out;
    model.decided.clear();
    // What the operation answered, as a number.
    int actual = 0;
    int expected = 0;
    auto action = random.below(10);
    if (action < 5) {
      auto ttl = 1s + random.below(6) * 1s;
      auto wait = random.below(8) * 1s;
      ++last_ticket;
      actual = static_cast<int>(lock.acquire(now, owner, last_ticket, ttl, wait, out));
      expected = static_cast<int>(model.acquire(now, owner, last_ticket, ttl, wait));
    } else if (action < 7) {
      actual = lock.release(now, owner, out);
      expected = model.release(now, owner);
    } else if (action < 8) {
      actual = lock.withdraw(now, ticket, out);
      expected = model.withdraw(now, ticket);
    } else if (action < 9) {
      lock.expire(now, out);
      model.catch_up(now);
    } // else only time passes
    auto is = look(lock, now, out);
    auto should_be = look(model, now, model.decided);
    // Asserted only when it fails: an assertion costs more than the step.
    if (actual != expected || is != should_be) {
      CAPTURE(step, action, owner, now.time_since_epoch().count());
      CHECK(actual == expected);
      REQUIRE(is == should_be);
      return;
    }
  }
  SUCCEED();
}

} // namespace

TEST_CASE("a lock does what a naive model of it does, whatever is asked in whatever order") {
  compare(test::random_seed(), 300'000);
}

TEST_CASE("a lock does what a naive model of it does from many beginnings") {
  auto seed = test::random_seed();
  for (std::uint64_t i = 0; i < 300; ++i)
    compare(seed + i, 300);
}
