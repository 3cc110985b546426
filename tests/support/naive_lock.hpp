// A simple model of `lock_queue`, for the random-operation test.
#pragma once

#include "tests/support/lock_rules.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockserver::test {

/// The same rules, in their simplest form: two lists, which are searched at each instant
/// at which anything ends.
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
        h.tickets.erase(h.tickets.begin() + 1); // the oldest repeat
        h.relied_on = true;
      }
      return acquire_outcome::granted;
    }
    for (auto& w : line) {
      if (w.asked.owner != x.owner)
        continue;
      if (x.request_id.empty() || w.asked.request_id != x.request_id || w.asked.lease != x.lease)
        return acquire_outcome::already_waiting;
      if (x.wait == duration::zero())
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
    if (x.wait == duration::zero() && x.mode == lock_mode::shared && limit() && *limit() != x.limit)
      return acquire_outcome::limit_mismatch;
    if (x.wait == duration::zero())
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

  // And `end_hold`, with `always`.
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

  // The maximum number of shared holders, if there are any.
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
  // By token, because those of one instant have no order.
  std::map<std::uint64_t, ended_grant> ended;
  std::uint64_t token = 0; // the last one

private:
  // Handles everything before `now`, and the holders that end at `now`.
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

} // namespace lockserver::test
