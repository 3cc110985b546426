// The key actor's dealings with the journal: what it tells, and how it undoes what
// could not be stored.

#include "actors/key.hpp"
#include "actors/quoted.hpp"
#include "actors/rules/grant_records.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace lockserver {

key::operation::operation(key& self, time_point now_, bool refusable_)
  : now(now_), refusable(refusable_), self_(self) {
  if (self.unsettled_ && self.settled())
    self.unsettled_.reset();
}

// What has changed is told, whatever was thrown after it.
key::operation::~operation() {
  if (!settled) {
    try {
      self_.settle_up(*this);
    } catch (...) {
      self_.on_exception();
    }
  }
  if (keep != nullptr)
    *keep = std::move(changes);
}

void key::tell_journal(operation& op) {
  tell_journal(op,
               [this](lock_entry&& entry) { compat::send(this, env_.journal, std::move(entry)); });
}

// The end of an operation that is answered: the journal hears of what has changed and of
// the answer by one message. An exception in what comes then must not be answered once
// more: `op` goes on with that when it is destroyed.
template <class Reply>
caf::result<Reply> key::conclude(operation& op, Reply reply) {
  if (!op.changes.empty()) {
    auto told = tell_journal(op, [&](lock_entry&& entry) {
      compat::delegate(this, env_.journal, durable<Reply>{std::move(entry), std::move(reply)});
    });
    op.listeners = 1;
    if (told) {
      try {
        settle_up(op);
      } catch (...) {
        on_exception();
      }
      return caf::delegated<Reply>{};
    }
  }
  settle_up(op);
  if (may_tell())
    return reply;
  return compat::delegate(this, env_.journal, durable<Reply>{{name_}, std::move(reply)});
}

template caf::result<acquire_reply> key::conclude(operation& op, acquire_reply reply);
template caf::result<release_reply> key::conclude(operation& op, release_reply reply);

// By `send(entry)`, before all answers, so that they come behind it. What begins and ends
// within one operation is nobody's business. Returns whether there was anything to tell.
template <class F>
bool key::tell_journal(operation& op, F send) {
  if (!env_.journal)
    return false;
  lock_entry entry{name_, 0, {}, {}, !op.refusable};
  auto first_new = std::numeric_limits<std::uint64_t>::max(); // tokens grow
  auto is_shared_again = false;
  for (auto& [what, why, limit, grant] : op.changes) {
    if (what == lock_change::kind::granted)
      first_new = std::min(first_new, grant.token);
    if (what == lock_change::kind::granted || what == lock_change::kind::renewed) {
      if (auto* has = lock_.with_token(grant.token))
        entry.granted.push_back(record_of(*has, lock_.limit(), op.now));
    } else if (what == lock_change::kind::ended && grant.token < first_new) {
      // Who has ended the lease knows.
      entry.ended.push_back(
        {grant.token, why == lock_change::cause::lease_ended ? 0 : grant.lease()});
    } else if (what == lock_change::kind::repeated) {
      is_shared_again = true;
    }
  }
  if (entry.empty()) {
    if (is_shared_again && !settled()) { // with what may be undone
      auto& kept = remember(op);
      kept.mark = mark_;
      op.keep = &kept.changes;
    }
    return false;
  }
  auto& kept = remember(op);
  entry.number = kept.number;
  try {
    send(std::move(entry));
  } catch (...) {
    unsettled_->pop_back();
    throw;
  }
  op.keep = &kept.changes;
  mark_.sent(env_.stored);
  kept.mark = mark_;
  return true;
}

key::unsettled& key::remember(operation& op) {
  if (!unsettled_)
    unsettled_ = std::make_unique<std::list<unsettled>>();
  while (!unsettled_->empty() && unsettled_->front().mark.settled(env_.stored))
    unsettled_->pop_front();
  auto number = unsettled_->empty() ? 1 : unsettled_->back().number + 1;
  return unsettled_->emplace_back(unsettled{number, {}, !op.refusable, {}});
}

// The journal may have been faster than the thread that sent it something, and have had
// nothing to do since: something that stores nothing lets it have another round.
void key::settle_by_another_round() {
  env_.stored.ask_for_round([this] { compat::send(this, env_.journal, leases_expired{}); });
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
  if (may_tell())
    to.promise.deliver(std::move(x));
  else
    compat::delegate_promise(to.promise, env_.journal,
                             durable<acquire_reply>{{name_}, std::move(x)});
}

// At the start: who holds it by what is stored.
void key::heard(restore_key& x) {
  auto now = begin_request();
  for (auto& holder : x.holders) {
    if (holder.lease != 0)
      compat::send(this, share_.leases, lease_regranted{holder.lease, name_, holder.token});
    auto limit = holder.limit;
    lock_.restore(grant_of(std::move(holder)), limit);
  }
  count_holders();
  keep_up(now);
}

void key::heard(const refuse_waiters&) {
  auto now = begin_request();
  refuse_waiting(acquire_reply::store_failed);
  lock_.forget_waiters();
  tell_some(now, answers_per_turn);
  keep_up(now);
}

// Undoes what could not be stored, and all that came behind it. What ended by itself
// stays ended if it was the first of them: the journal remembers that. If it came later,
// it may have built on what was undone, and ends again.
void key::heard(const roll_back_key& x) {
  auto now = begin_request();
  untold_.reset(); // what they were granted is undone
  refuse_waiting(acquire_reply::store_failed);
  lock_.forget_waiters();
  for (; unsettled_ && !unsettled_->empty() && unsettled_->back().number >= x.number;
       unsettled_->pop_back()) {
    auto& [number, mark, final, changes] = unsettled_->back();
    auto stays_ended = final && number == x.number;
    for (auto i = changes.rbegin(); i != changes.rend(); ++i)
      if (i->what != lock_change::kind::ended || !stays_ended)
        lock_.undo(std::move(*i));
  }
  // A lease that has ended meanwhile ends its grant again.
  for (auto& holder : lock_.holders())
    if (holder.lease() != 0)
      compat::send(this, share_.leases, lease_regranted{holder.lease(), name_, holder.token});
  env_.log.debug("rolled back to what is stored: key={} holders={}", quoted{name_},
                 lock_.holders().size());
  count_holders();
  tell_some(now);
  keep_up(now);
  compat::send(this, env_.journal, key_rolled_back{name_});
  if (auto withdrawn = std::exchange(withdrawn_, nullptr))
    for (auto& [what, mark] : *withdrawn)
      withdraw(what, now);
  operation op{*this, now};
  lock_.end_abandoned(now, op.changes);
  settle_up(op);
}

} // namespace lockserver
