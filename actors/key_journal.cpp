// The key actor's dealings with the journal: what it tells, and the way back.

#include "actors/key.hpp"
#include "actors/quoted.hpp"
#include "actors/rules/grant_records.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

namespace lockserver {

key::operation::operation(key& self, time_point now_, bool refusable_)
  : now(now_), refusable(self.env_.journal && refusable_), self_(self) {
  if (self.env_.journal)
    before = records_of(self.lock_, now);
}

// What has changed is told, whatever was thrown after it.
key::operation::~operation() {
  if (settled)
    return;
  try {
    self_.settle_up(*this);
  } catch (...) {
    self_.on_exception();
  }
}

// Before all answers, so that they come behind it. Finds out what has changed by
// itself: no rule, and no way through one, can forget to tell.
void key::write_down(operation& op) {
  lock_entry entry{name_};
  auto& before = op.before;
  auto old = before.begin();
  // Both are in the order of their tokens.
  for (auto& x : lock_.holders()) {
    for (; old != before.end() && old->token < x.token; ++old)
      entry.ended.push_back(old->token);
    auto stays = old != before.end() && old->token == x.token;
    if (!stays || old->expires_at != x.expires_at.time_since_epoch())
      entry.granted.push_back(record_of(x, lock_.limit(), op.now));
    if (stays)
      ++old;
  }
  for (; old != before.end(); ++old)
    entry.ended.push_back(old->token);
  if (entry.granted.empty() && entry.ended.empty())
    return;
  entry.final = !op.refusable;
  for (auto& x : before)
    if (!entry.final || std::ranges::find(entry.ended, x.token) == entry.ended.end())
      entry.before.push_back(x);
  auto rounds = env_.stored.rounds();
  compat::send(this, env_.journal, std::move(entry));
  if (!mark_.sent(env_.stored, rounds))
    settle_by_another_round();
}

// The journal was faster than this thread, and may have nothing more to do: something
// that stores nothing lets it have another round.
void key::settle_by_another_round() noexcept {
  try {
    std::uint64_t rounds = 0;
    do {
      rounds = env_.stored.rounds();
      compat::send(this, env_.journal, leases_expired{});
    } while (!mark_.sent(env_.stored, rounds));
  } catch (...) { // it is settled when somebody else sends something
  }
}

void key::remember_withdrawn(const withdraw_request& x) {
  if (!withdrawn_)
    withdrawn_ = std::make_unique<std::deque<std::pair<withdraw_request, settled_mark>>>();
  while (!withdrawn_->empty() && withdrawn_->front().second.settled(env_.stored))
    withdrawn_->pop_front();
  settled_mark mark;
  mark.sent(env_.stored);
  withdrawn_->emplace_back(x, mark);
}

void key::deliver(parked& to, acquire_reply x) {
  if (settled())
    to.promise.deliver(std::move(x));
  else
    compat::delegate_promise(to.promise, env_.journal, durable<acquire_reply>{name_, std::move(x)});
}

// At the start, or back to what is stored. Of leases' grants the leases hear
// that they have ended, as far as they were there, and which are there now.
void key::restore(restore_key& x) {
  auto now = begin_request();
  if (x.go_back) {
    untold_.reset(); // what they were granted is undone
    refuse_waiting(acquire_reply::store_failed);
    for (auto& holder : lock_.holders())
      if (holder.lease() != 0)
        compat::send(this, registry_, lease_released{holder.lease(), name_, holder.token});
    lock_.clear();
    env_.log.debug("goes back to what is stored: key={} holders={}", quoted{name_},
                   x.holders.size());
  }
  for (auto& holder : x.holders) {
    if (holder.lease != 0)
      compat::send(this, registry_, lease_regranted{holder.lease, name_, holder.token});
    auto limit = holder.limit;
    lock_.restore(grant_of(std::move(holder)), limit);
  }
  tell_some(now);
  keep_up(now);
  if (!x.go_back)
    return;
  compat::send(this, env_.journal, key_restored{name_});
  if (auto withdrawn = std::exchange(withdrawn_, nullptr))
    for (auto& [what, mark] : *withdrawn)
      withdraw(what, now);
}

} // namespace lockserver
