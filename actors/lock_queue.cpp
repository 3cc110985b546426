#include "actors/lock_queue.hpp"

namespace lockserver {

void lock_queue::line::push(waiter x) {
  order.push_back(std::move(x));
  auto pos = std::prev(order.end());
  by_ticket.emplace(pos->ticket, pos);
  by_owner.emplace(pos->owner, pos);
  by_deadline.emplace(pos->deadline, pos->ticket);
}

void lock_queue::line::erase(position x) {
  by_ticket.erase(x->ticket);
  by_owner.erase(x->owner);
  by_deadline.erase({x->deadline, x->ticket});
  order.erase(x);
}

acquire_outcome lock_queue::acquire(time_point now, const std::string& owner, ticket_id ticket,
                                    duration ttl, duration wait, decisions& out) {
  expire(now, out);
  if (!holder_) {
    // Nobody can be in line: `settle` leaves no waiter behind a free lock.
    give(now, owner, ticket, ttl);
    return acquire_outcome::granted;
  }
  if (holder_->owner == owner)
    return acquire_outcome::already_held;
  if (line_ && line_->by_owner.contains(owner))
    return acquire_outcome::already_waiting;
  if (wait <= duration::zero())
    return acquire_outcome::held;
  if (!line_)
    line_ = std::make_unique<line>();
  line_->push({owner, ticket, ttl, now + wait});
  return acquire_outcome::waiting;
}

bool lock_queue::release(time_point now, std::string_view owner, decisions& out) {
  if (!verify(now, owner)) {
    expire(now, out);
    return false;
  }
  settle(now, now, out);
  return true;
}

bool lock_queue::withdraw(time_point now, ticket_id ticket, decisions& out) {
  if (holder_ && holder_->ticket == ticket && check(now)) {
    settle(now, now, out);
    return true;
  }
  bool found = false;
  if (line_) {
    // Before anything else, so that settling cannot grant it.
    if (auto i = line_->by_ticket.find(ticket); i != line_->by_ticket.end()) {
      line_->erase(i->second);
      found = true;
    }
  }
  expire(now, out);
  return found;
}

void lock_queue::expire(time_point now, decisions& out) {
  if (holder_ && holder_->expires_at <= now)
    settle(now, holder_->expires_at, out);
  else
    settle(now, std::nullopt, out);
}

bool lock_queue::verify(time_point now, std::string_view owner) const noexcept {
  return check(now) && holder_->owner == owner;
}

bool lock_queue::check(time_point now) const noexcept {
  return holder_ && now < holder_->expires_at;
}

std::optional<time_point> lock_queue::next_deadline() const noexcept {
  // Without a holder there is no line.
  if (!holder_)
    return std::nullopt;
  if (waiting() == 0)
    return holder_->expires_at;
  return std::min(holder_->expires_at, line_->by_deadline.begin()->first);
}

// The one place where the lock changes hands. `free_since` is when the holder
// ceased to hold it, if that happened.
void lock_queue::settle(time_point now, std::optional<time_point> free_since, decisions& out) {
  if (free_since)
    holder_.reset();
  if (!line_)
    return;
  auto refuse_if = [&](auto over) {
    auto& deadlines = line_->by_deadline;
    while (!deadlines.empty() && over(deadlines.begin()->first)) {
      auto x = line_->by_ticket.at(deadlines.begin()->second);
      out.push_back({x->ticket, x->owner, false, 0, {}});
      line_->erase(x);
    }
  };
  if (free_since) {
    refuse_if([&](time_point deadline) { return deadline < *free_since; });
    if (auto next = line_->order.begin(); next != line_->order.end()) {
      give(now, next->owner, next->ticket, next->ttl);
      line_->erase(next);
      out.push_back({holder_->ticket, holder_->owner, true, holder_->token, holder_->expires_at});
    }
  }
  refuse_if([&](time_point deadline) { return deadline <= now; });
  if (line_->order.empty())
    line_.reset();
}

void lock_queue::give(time_point now, const std::string& owner, ticket_id ticket, duration ttl) {
  holder_ = grant{owner, ticket, tokens_->next(), now + ttl};
}

} // namespace lockserver
