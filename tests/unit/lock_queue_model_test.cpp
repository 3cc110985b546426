#include "actors/rules/grant_records.hpp"
#include "actors/rules/lock_queue.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"
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

// The rules once more, as simply as they can be said: two lists, and a look at
// all of them at each instant at which anything ends.
class naive_lock {
public:
  struct holder {
    lock_request asked;
    std::vector<ticket_id> tickets;
    std::uint64_t token;
    time_point until;
    bool relied_on = false;
  };
  struct in_line {
    lock_request asked;
    std::vector<std::pair<ticket_id, time_point>> tickets; // and their deadlines
  };

  acquire_outcome acquire(time_point now, const lock_request& x) {
    begin(now);
    end(now);
    for (auto& h : holders) {
      if (h.asked.owner != x.owner)
        continue;
      if (x.request_id.empty() || h.asked.request_id != x.request_id || h.asked.lease != x.lease) {
        h.relied_on = true;
        return acquire_outcome::already_held;
      }
      h.tickets.push_back(x.ticket);
      if (h.tickets.size() > max_tickets) {
        h.tickets.erase(h.tickets.begin() + 1); // the oldest but for the first
        h.relied_on = true;
      }
      return acquire_outcome::granted;
    }
    for (auto& w : line) {
      if (w.asked.owner != x.owner)
        continue;
      if (x.request_id.empty() || w.asked.request_id != x.request_id || w.asked.lease != x.lease)
        return acquire_outcome::already_waiting;
      if (x.wait == 0s)
        return acquire_outcome::held;
      if (w.tickets.size() == max_tickets)
        return acquire_outcome::too_many_waiters;
      w.tickets.emplace_back(x.ticket, now + x.wait);
      return acquire_outcome::waiting;
    }
    if (line.empty() && fits(x)) {
      grant_to(now, {x, {{x.ticket, now}}});
      return acquire_outcome::granted;
    }
    if (x.wait == 0s && x.mode == lock_mode::shared && limit() && *limit() != x.limit)
      return acquire_outcome::limit_mismatch;
    if (x.wait == 0s)
      return acquire_outcome::held;
    if (line.size() == max_waiters)
      return acquire_outcome::too_many_waiters;
    line.push_back({x, {{x.ticket, now + x.wait}}});
    return acquire_outcome::waiting;
  }

  bool release(time_point now, const std::string& owner, std::uint64_t with_token) {
    auto before = token;
    begin(now);
    auto count = end_holders(false, [&](auto& h) {
      return h.token <= before && h.asked.owner == owner
             && (with_token == 0 || h.token == with_token);
    });
    end(now);
    return count > 0;
  }

  bool release_all(time_point now) {
    auto before = token;
    begin(now);
    auto count = end_holders(false, [=](auto& h) { return h.token <= before; });
    end(now);
    return count > 0;
  }

  bool renew(time_point now, const std::string& owner, duration ttl) {
    begin(now);
    end(now);
    for (auto& h : holders)
      if (h.asked.owner == owner) {
        h.relied_on = true;
        if (h.asked.lease == 0)
          h.until = now + ttl;
        return true;
      }
    return false;
  }

  bool confirm(time_point now, const std::string& owner) {
    for (auto& h : holders)
      if (h.asked.owner == owner && now < h.until)
        return h.relied_on = true;
    return false;
  }

  // And `end_hold`.
  bool withdraw(time_point now, ticket_id ticket, bool always) {
    std::size_t found = 0;
    for (auto& w : line)
      found += std::erase_if(w.tickets, [=](auto& x) { return x.first == ticket; });
    std::erase_if(line, [](auto& w) { return w.tickets.empty(); });
    begin(now);
    std::uint64_t ends = 0;
    for (auto& h : holders) {
      if (std::erase(h.tickets, ticket) == 0 || (h.relied_on && !always))
        continue;
      ++found;
      if (h.tickets.empty())
        ends = h.token;
    }
    end_holders(
      false, [=](auto& h) { return h.token == ends; }, ticket);
    end(now);
    return found > 0;
  }

  void end_lease(time_point now, lease_id lease) {
    for (auto& w : line)
      if (w.asked.lease == lease)
        for (auto& [ticket, deadline] : w.tickets)
          decided.push_back(refused_for_lease(ticket, w.asked.owner));
    std::erase_if(line, [=](auto& w) { return w.asked.lease == lease; });
    begin(now);
    end_holders(false, [=](auto& h) { return h.asked.lease == lease; });
    end(now);
  }

  void expire(time_point now) {
    begin(now);
    end(now);
  }

  void restart() {
    line.clear();
    for (auto& h : holders) {
      h.tickets.clear();
      h.relied_on = true;
    }
  }

  // How many shared holders there may be, if there are any.
  std::optional<std::uint32_t> limit() const {
    for (auto& h : holders)
      if (h.asked.mode == lock_mode::shared)
        return h.asked.limit;
    return std::nullopt;
  }

  std::optional<time_point> next_deadline() const {
    std::set<time_point> all;
    for (auto& h : holders)
      if (h.until != time_point::max())
        all.insert(h.until);
    for (auto& w : line)
      for (auto& [ticket, deadline] : w.tickets)
        all.insert(deadline);
    return all.empty() ? std::nullopt : std::optional{*all.begin()};
  }

  static constexpr std::size_t max_waiters = 4;
  static constexpr std::size_t max_holders = 3;
  static constexpr std::size_t max_tickets = 9;

  std::vector<holder> holders;
  std::vector<in_line> line;
  std::vector<decision> decided;
  std::map<std::uint64_t, ended_grant> ended; // by token: at one instant in any order
  std::uint64_t token = 0;                    // the last one

private:
  // All that happened before `now`, and the holders that end now.
  void begin(time_point now) {
    for (auto next = next_deadline(); next && *next <= now; next = next_deadline()) {
      auto due = *next;
      if (end_holders(true, [=](auto& h) { return h.until == due; }) > 0)
        grant_next(now);
      if (due == now)
        return;
      end_waits(now, due);
    }
  }

  void end(time_point now) {
    grant_next(now);
    end_waits(now, now);
  }

  void end_waits(time_point now, time_point due) {
    for (;;) {
      std::optional<std::pair<time_point, ticket_id>> first;
      for (auto& w : line)
        for (auto& [ticket, deadline] : w.tickets)
          if (deadline <= due && (!first || std::pair{deadline, ticket} < *first))
            first = {deadline, ticket};
      if (!first)
        return;
      for (auto& w : line)
        if (std::erase_if(w.tickets, [&](auto& x) { return x.first == first->second; }) > 0)
          decided.push_back(refused(first->second, w.asked.owner));
      std::erase_if(line, [](auto& w) { return w.tickets.empty(); });
      grant_next(now);
    }
  }

  bool fits(const lock_request& x) const {
    if (holders.empty())
      return true;
    return x.mode == lock_mode::shared && limit() == x.limit && holders.size() < max_holders
           && (x.limit == 0 || holders.size() < x.limit);
  }

  void grant_next(time_point now) {
    while (!line.empty() && fits(line.front().asked)) {
      auto next = line.front();
      line.erase(line.begin());
      grant_to(now, next);
      for (auto& [ticket, deadline] : next.tickets)
        decided.push_back(
          {ticket, next.asked.owner, decision::kind::granted, token, holders.back().until});
    }
  }

  void grant_to(time_point now, const in_line& x) {
    holder h{x.asked, {}, ++token, x.asked.ttl == forever ? time_point::max() : now + x.asked.ttl};
    for (auto& [ticket, deadline] : x.tickets)
      h.tickets.push_back(ticket);
    holders.push_back(h);
  }

  template <class Ends>
  std::size_t end_holders(bool expired, Ends ends, ticket_id last = 0) {
    for (auto& h : holders)
      if (ends(h) && (expired || h.asked.lease != 0))
        ended[h.token] = {h.asked.owner, h.token, h.asked.lease,
                          h.tickets.empty() ? last : h.tickets.front(), expired};
    return std::erase_if(holders, ends);
  }
};

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
