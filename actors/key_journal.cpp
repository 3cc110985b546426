// The key actor's dealings with the journal: what it tells, and the way back.

#include "actors/grant_records.hpp"
#include "actors/key.hpp"
#include "actors/quoted.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

namespace lockserver {

key::operation key::begin_operation(time_point now, bool refusable) const {
  operation result{now};
  if (env_.journal) {
    result.before = records_of(lock_, now);
    result.refusable = refusable;
  }
  return result;
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
  if (entry.final)
    std::erase_if(before, [&](auto& x) {
      return std::ranges::find(entry.ended, x.token) != entry.ended.end();
    });
  entry.before = std::move(before);
  compat::send(this, env_.journal, std::move(entry));
  mark_.sent(env_.stored);
}

void key::remember_withdrawn(ticket_id ticket) {
  if (!withdrawn_)
    withdrawn_ = std::make_unique<std::deque<std::pair<ticket_id, settled_mark>>>();
  while (!withdrawn_->empty() && withdrawn_->front().second.settled(env_.stored))
    withdrawn_->pop_front();
  settled_mark mark;
  mark.sent(env_.stored);
  withdrawn_->emplace_back(ticket, mark);
}

void key::deliver(caf::typed_response_promise<acquire_reply>& to, acquire_reply x) {
  if (settled())
    to.deliver(std::move(x));
  else
    to.delegate(env_.journal, durable<acquire_reply>{name_, std::move(x)});
}

// At the start, or back to what is stored. Of leases' grants the leases hear
// that they have ended, as far as they were there, and which are there now.
void key::restore(restore_key& x) {
  auto now = begin_request();
  if (x.go_back) {
    refuse_all(acquire_reply::store_failed);
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
  keep_up(now);
  if (!x.go_back)
    return;
  compat::send(this, env_.journal, key_restored{name_});
  if (auto withdrawn = std::exchange(withdrawn_, nullptr))
    for (auto& [ticket, mark] : *withdrawn)
      withdraw({name_, ticket}, now);
}

} // namespace lockserver
