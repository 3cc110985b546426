#include "actors/rules/grant_records.hpp"
#include "actors/rules/lock_queue.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"
#include "tests/support/naive_lock.hpp"
#include "tests/support/seed.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// Everything that can be seen of a lock after an operation, as text.
std::string look(const std::vector<decision>& decided, const std::vector<ended_grant>& ended) {
  std::ostringstream out;
  for (auto& x : decided)
    out << '[' << x << "] ";
  for (auto& x : ended) // but for the ticket, which is 0 when it was withdrawn
    out << "{token " << x.token << " lease " << x.lease << (x.expired ? " expired} " : " ended} ");
  return out.str();
}

std::string seconds(time_point x) {
  return x == time_point::max() ? "ever"
                                : std::to_string(x.time_since_epoch() / std::chrono::seconds{1});
}

std::string look(const lock_queue& x, time_point now) {
  std::ostringstream out;
  for (auto& h : x.holders())
    out << h.owner << " token " << h.token << " until " << seconds(h.expires_at)
        << (h.mode == lock_mode::shared ? " shared" : "") << (x.find(now, h.owner) ? "" : " ?")
        << "; ";
  out << "line:";
  x.for_each_waiter([&](const waiter& w) {
    out << ' ' << w.request.owner;
    for (auto ticket : w.tickets)
      out << '#' << ticket;
    return true;
  });
  out << " limit " << x.limit() << (x.idle() ? " idle" : "") << (x.check(now) ? " held" : "")
      << " next " << seconds(x.next_deadline().value_or(time_point{}));
  return out.str();
}

std::string look(const naive_lock& x) {
  std::ostringstream out;
  for (auto& h : x.holders)
    out << h.asked.owner << " token " << h.token << " until " << seconds(h.until)
        << (h.asked.mode == lock_mode::shared ? " shared" : "") << "; ";
  out << "line:";
  for (auto& w : x.line) {
    out << ' ' << w.asked.owner;
    for (auto& [ticket, deadline] : w.tickets)
      out << '#' << ticket;
  }
  out << " limit " << x.limit().value_or(0) << (x.holders.empty() && x.line.empty() ? " idle" : "")
      << (x.holders.empty() ? "" : " held") << " next "
      << seconds(x.next_deadline().value_or(time_point{}));
  return out.str();
}

// All holders again, in a process that has them from a store.
lock_queue restarted(const lock_queue& x, token_source& tokens, const lock_limits& most,
                     time_point now) {
  lock_queue result{tokens, most};
  for (auto& holder : x.holders()) {
    auto record = record_of(holder, x.limit(), now);
    auto limit = record.limit;
    result.restore(grant_of(std::move(record)), limit);
  }
  return result;
}

// Who holds and who waits, as the changes that are reported tell it.
class listener {
public:
  void hear(const lock_changes& changes, const lock_queue& lock) {
    using enum lock_change::kind;
    for (auto& [what, why, limit, about] : changes) {
      if (what == granted)
        wrong_ |= !held_.emplace(about.token, about.expires_at).second;
      else if (what == ended)
        wrong_ |= held_.erase(about.token) != 1;
      else if (what == renewed)
        held_[about.token] = lock.with_token(about.token)->expires_at;
      else if (what == waits)
        wrong_ |= !waiting_.insert(about.ticket).second;
      else if (what == waits_no_more)
        wrong_ |= waiting_.erase(about.ticket) != 1;
    }
  }
  void forget_all(const lock_queue& lock) {
    waiting_.clear();
    held_.clear();
    for (auto& x : lock.holders())
      held_.emplace(x.token, x.expires_at);
  }
  bool agrees_with(const lock_queue& lock) const {
    std::map<std::uint64_t, time_point> held;
    for (auto& x : lock.holders())
      held.emplace(x.token, x.expires_at);
    std::set<ticket_id> waiting;
    lock.for_each_waiter([&](const waiter& x) {
      waiting.insert(x.tickets.begin(), x.tickets.end());
      return true;
    });
    return !wrong_ && held == held_ && waiting == waiting_;
  }

private:
  std::map<std::uint64_t, time_point> held_;
  std::set<ticket_id> waiting_;
  bool wrong_ = false;
};

const std::vector<std::string> owners{"a", "b", "c", "d", "e", "f", "g", "h"};
const std::vector<std::string> request_ids{"", "", "x", "y"};
const std::vector<std::uint32_t> limits{0, 0, 2, 2, 2, 3};

// Does the same at random to both, and compares them after each step.
void compare(std::uint64_t seed, int steps) {
  CAPTURE(seed);
  random_source random{seed};
  token_source tokens{0};
  lock_limits most{naive_lock::max_waiters, naive_lock::max_holders};
  lock_queue lock{tokens, most};
  naive_lock model;
  listener heard;
  auto now = time_point{1s};
  ticket_id last_ticket = 100;
  for (int step = 0; step < steps; ++step) {
    // Few owners and whole seconds, so that much happens at the same instant.
    now += random.below(3) * 1s;
    if (random.below(50) == 0)
      now += random.below(20) * 1s;
    auto& owner = owners[random.below(owners.size())];
    lock_changes out;
    model.decided.clear();
    model.ended.clear();
    auto holders_before = model.holders;
    // What the operation answered, as a number.
    int actual = 0;
    int expected = 0;
    auto action = random.below(21);
    if (action < 10) {
      lock_request x{owner, ++last_ticket, 1s + random.below(6) * 1s, random.below(8) * 1s};
      if (random.below(2) == 0) {
        x.mode = lock_mode::shared;
        x.limit = limits[random.below(limits.size())];
      }
      x.request_id = request_ids[random.below(request_ids.size())];
      if (random.below(4) == 0) {
        x.lease = 1 + random.below(2);
        x.ttl = forever;
      }
      actual = static_cast<int>(lock.acquire(now, lock_request{x}, out).outcome);
      expected = static_cast<int>(model.acquire(now, x));
    } else if (action < 13) {
      auto token = random.below(3) == 0 ? model.token - random.below(3) : 0;
      actual = lock.release(now, owner, token, out);
      expected = model.release(now, owner, token);
    } else if (action < 15) {
      auto ticket = last_ticket - random.below(8);
      auto always = random.below(4) == 0;
      actual = always ? lock.end_hold(now, ticket, out) : lock.withdraw(now, ticket, out);
      expected = model.withdraw(now, ticket, always);
    } else if (action < 16) {
      auto lease = 1 + random.below(2);
      lock.end_lease(now, lease, out);
      model.end_lease(now, lease);
    } else if (action < 17) {
      auto ttl = 1s + random.below(6) * 1s;
      actual = lock.renew(now, owner, 0, ttl, out) != nullptr;
      expected = model.renew(now, owner, ttl);
    } else if (action < 18 && random.below(4) == 0) {
      actual = lock.release_all(now, out);
      expected = model.release_all(now);
    } else if (action < 19) {
      actual = lock.confirm(now, owner);
      expected = model.confirm(now, owner);
      lock.expire(now, out);
      model.expire(now);
    } else if (action < 20 && random.below(4) == 0) {
      lock.expire(now, out);
      model.expire(now);
      lock = restarted(lock, tokens, most, now);
      model.restart();
      out.clear();
      model.decided.clear();
      model.ended.clear();
      heard.forget_all(lock);
    } else {
      lock.expire(now, out);
      model.expire(now);
    }
    heard.hear(out, lock);
    auto endings = endings_in(out);
    std::sort(endings.begin(), endings.end(), [](auto& x, auto& y) { return x.token < y.token; });
    std::vector<ended_grant> ended;
    for (auto& [token, x] : model.ended)
      ended.push_back(x);
    auto is = look(lock, now) + " | " + look(decisions_in(out), endings);
    auto should_be = look(model) + " | " + look(model.decided, ended);
    // Asserted only when it fails: an assertion costs more than the step.
    auto agrees = heard.agrees_with(lock);
    if (actual != expected || is != should_be || !agrees) {
      CAPTURE(step, action, owner, now.time_since_epoch() / 1s);
      CHECK(actual == expected);
      CHECK(agrees);
      REQUIRE(is == should_be);
      return;
    }
    // Sometimes what ended or renewed a grant cannot be stored, and is undone.
    auto renews = std::ranges::any_of(out,
                                      [](auto& x) { return x.what == lock_change::kind::renewed; });
    auto releases = action >= 10 && action < 13;
    if ((releases || action == 15 || renews) && random.below(6) == 0) {
      lock.forget_waiters();
      while (!out.empty()) {
        lock.undo(std::move(out.back()));
        out.pop_back();
      }
      model.holders = holders_before;
      model.line.clear();
      heard.forget_all(lock);
    }
  }
  SUCCEED();
}

} // namespace

TEST_CASE("a lock does what a naive model of it does, whatever is asked in whatever order") {
  compare(random_seed(), 100'000);
}

TEST_CASE("a lock does what a naive model of it does from many beginnings") {
  auto seed = random_seed();
  for (std::uint64_t i = 0; i < 300; ++i)
    compare(seed + i, 300);
}
