#include "actors/rules/lock_queue.hpp"

#include <algorithm>

namespace lockserver {

namespace {

// The number of remembered repeats of one request: enough for any client's retries.
constexpr std::size_t max_repeats = 8;

time_point end_of(time_point now, duration ttl) {
  return ttl >= time_point::max() - now ? time_point::max() : now + ttl;
}

// Removes `ticket` from the tickets of `x`. Returns whether it was one of them.
bool forget(grant& x, ticket_id ticket) {
  auto* repeats = x.more ? &x.more->repeats : nullptr;
  if (x.ticket != ticket)
    return repeats != nullptr && std::erase(*repeats, ticket) > 0;
  x.ticket = 0;
  if (repeats != nullptr && !repeats->empty()) {
    x.ticket = repeats->front();
    repeats->erase(repeats->begin());
  }
  return true;
}

// Whether `x` repeats the request with this id and lease. With another lease it is
// another request, because its grant would not end as it expects.
bool repeats(const lock_request& x, std::string_view request_id, lease_id lease) {
  return !x.request_id.empty() && x.request_id == request_id && x.lease == lease;
}

// Adds a ticket to those of `x`. If there are too many, the oldest repeat is forgotten
// and the grant is acknowledged: nobody can know any more when all its requests have been
// withdrawn.
void remember(grant& x, ticket_id ticket) {
  if (x.ticket == 0) {
    x.ticket = ticket;
    return;
  }
  auto& repeats = x.more->repeats;
  if (repeats.size() == max_repeats) {
    repeats.erase(repeats.begin());
    x.acknowledged = true;
  }
  repeats.push_back(ticket);
}

using change = lock_change::kind;
using cause = lock_change::cause;

// Reports a change that is about to be made. If it cannot be reported, it is not made; if
// it is not made, it is not reported.
class report {
public:
  explicit report(lock_changes& out) : out_(out) {
    out.emplace_back(); // may throw, but nothing has changed yet
  }
  ~report() {
    if (!made_)
      out_.pop_back();
  }
  report(const report&) = delete;
  report& operator=(const report&) = delete;

  grant& made(change what, cause why) noexcept {
    made_ = true;
    auto& x = out_.back();
    x.what = what;
    x.why = why;
    return x.about;
  }

private:
  lock_changes& out_; // nobody else reports here meanwhile
  bool made_ = false;
};

} // namespace

// -- acquire ------------------------------------------------------------------

acquire_result lock_queue::acquire(time_point now, lock_request&& x, lock_changes& out) {
  expire(now, out);
  if (auto i = find_holder(x.owner); i != holders_.end())
    return repeat_of_grant(*i, x, out);
  if (line_)
    if (auto i = line_->by_owner.find(x.owner); i != line_->by_owner.end())
      return {repeat_of_waiter(now, i->second, x, out)};
  if (waiting() == 0 && fits(x))
    return {acquire_outcome::granted, &grant_to(now, std::move(x), {}, cause::request, out)};
  if (x.wait <= duration::zero())
    return {has_other_limit(x) ? acquire_outcome::limit_mismatch : acquire_outcome::held};
  if (waiting() >= limits_->max_waiters)
    return {acquire_outcome::too_many_waiters};
  std::list<waiter> last; // a queue is never empty, so this allocates before it is made
  last.push_back(waiter{std::move(x), now, {}});
  if (!line_)
    line_ = std::make_unique<line>();
  auto place = last.begin();
  line_->order.splice(line_->order.end(), last);
  try {
    line_->by_owner.emplace(place->request.owner, place);
    join(now, place, place->request.ticket, place->request.wait, out);
  } catch (...) {
    take(place);
    throw;
  }
  return {acquire_outcome::waiting};
}

acquire_result lock_queue::repeat_of_grant(grant& x, const lock_request& repeat,
                                           lock_changes& out) {
  if (!x.more || !repeats(repeat, x.more->request_id, x.more->lease)) {
    x.acknowledged = true; // its owner is told of the grant and its token
    return {acquire_outcome::already_held, &x};
  }
  report one{out};
  remember(x, repeat.ticket);
  auto& told = one.made(change::repeated, cause::request);
  told.ticket = repeat.ticket;
  told.token = x.token;
  told.expires_at = x.expires_at;
  return {acquire_outcome::granted, &x};
}

acquire_outcome lock_queue::repeat_of_waiter(time_point now, position x, const lock_request& repeat,
                                             lock_changes& out) {
  if (!repeats(repeat, x->request.request_id, x->request.lease))
    return acquire_outcome::already_waiting;
  if (repeat.wait <= duration::zero())
    return acquire_outcome::held;
  if (x->tickets.size() > max_repeats)
    return acquire_outcome::too_many_waiters;
  join(now, x, repeat.ticket, repeat.wait, out);
  return acquire_outcome::waiting;
}

// -- release and expiry -------------------------------------------------------

bool lock_queue::release(time_point now, std::string_view owner, std::uint64_t token,
                         lock_changes& out) {
  // The holder as it was, not one that is granted only now because a timer is late.
  auto* mine = find(now, owner);
  auto found = mine != nullptr && (token == 0 || mine->token == token);
  run_until(now, out);
  if (found)
    remove_holder(find_holder(owner), cause::request, out);
  finish(now, out);
  return found;
}

bool lock_queue::release_all(time_point now, lock_changes& out) {
  auto last = holders_.empty() ? 0 : holders_.back().token;
  run_until(now, out);
  auto found = false;
  // As in `release`. Tokens grow.
  while (!holders_.empty() && holders_.front().token <= last) {
    remove_holder(holders_.begin(), cause::request, out);
    found = true;
  }
  finish(now, out);
  return found;
}

const grant* lock_queue::renew(time_point now, std::string_view owner, std::uint64_t token,
                               duration ttl, lock_changes& out) {
  expire(now, out);
  auto i = find_holder(owner);
  if (i == holders_.end() || (token != 0 && i->token != token))
    return nullptr;
  if (i->lease() != 0) {
    i->acknowledged = true;
    return &*i;
  }
  report one{out};
  auto& before = one.made(change::renewed, cause::request);
  before.ticket = i->ticket;
  before.token = i->token;
  before.expires_at = std::exchange(i->expires_at, end_of(now, ttl));
  before.acknowledged = std::exchange(i->acknowledged, true);
  find_first_expiry();
  return &*i;
}

bool lock_queue::withdraw(time_point now, ticket_id ticket, lock_changes& out) {
  return take_back(now, ticket, false, out);
}

bool lock_queue::end_hold(time_point now, ticket_id ticket, lock_changes& out) {
  return take_back(now, ticket, true, out);
}

bool lock_queue::take_back(time_point now, ticket_id ticket, bool acknowledged_too,
                           lock_changes& out) {
  // Removed first, so that it is not granted now.
  auto found = line_ && line_->by_ticket.contains(ticket);
  if (found)
    refuse(ticket, cause::withdrawn, out);
  run_until(now, out);
  for (auto i = holders_.begin(); i != holders_.end(); ++i) {
    if (!forget(*i, ticket))
      continue;
    if (i->acknowledged && !acknowledged_too)
      break;
    found = true;
    if (i->ticket == 0) {
      i->ticket = ticket; // needed to undo the removal
      remove_holder(i, cause::withdrawn, out);
    }
    break;
  }
  finish(now, out);
  return found;
}

void lock_queue::end_lease(time_point now, lease_id lease, lock_changes& out) {
  std::vector<position> gone;
  if (line_)
    for (auto i = line_->order.begin(); i != line_->order.end(); ++i)
      if (i->request.lease == lease)
        gone.push_back(i);
  for (auto& x : gone)
    for (auto left = x->tickets.size(); left > 0; --left)
      refuse(x->tickets.front(), cause::lease_ended, out);
  run_until(now, out);
  for (std::size_t i = holders_.size(); i > 0; --i)
    if (holders_[i - 1].lease() == lease)
      remove_holder(holders_.begin() + static_cast<std::ptrdiff_t>(i - 1), cause::lease_ended, out);
  finish(now, out);
}

void lock_queue::expire(time_point now, lock_changes& out) {
  run_until(now, out);
  finish(now, out);
}

// -- undo and restore ---------------------------------------------------------

void lock_queue::end_abandoned(time_point now, lock_changes& out) {
  run_until(now, out);
  for (std::size_t i = holders_.size(); i > 0; --i)
    if (auto& x = holders_[i - 1]; x.ticket == 0 && !x.acknowledged)
      remove_holder(holders_.begin() + static_cast<std::ptrdiff_t>(i - 1), cause::withdrawn, out);
  finish(now, out);
}

void lock_queue::forget_waiters() noexcept {
  line_.reset();
}

void lock_queue::undo(lock_change&& x) {
  auto i = std::ranges::lower_bound(holders_, x.about.token, {}, &grant::token);
  auto holds = i != holders_.end() && i->token == x.about.token;
  if (x.what == change::ended) {
    limit_ = x.limit;
    first_expiry_ = std::min(first_expiry_, x.about.expires_at);
    holders_.insert(i, std::move(x.about));
  } else if (x.what == change::granted && holds) {
    drop_holder(i);
  } else if (x.what == change::repeated && holds) {
    forget(*i, x.about.ticket);
  } else if (x.what == change::renewed && holds) {
    i->expires_at = x.about.expires_at;
    i->acknowledged = x.about.acknowledged;
    find_first_expiry();
  }
}

void lock_queue::restore(grant&& x, std::uint32_t limit) {
  limit_ = x.mode == lock_mode::shared ? limit : 0;
  first_expiry_ = std::min(first_expiry_, x.expires_at);
  holders_.insert(std::ranges::upper_bound(holders_, x.token, {}, &grant::token), std::move(x));
}

// -- inspection ---------------------------------------------------------------

const grant* lock_queue::find(time_point now, std::string_view owner) const noexcept {
  for (auto& x : holders_)
    if (x.owner == owner)
      return now < x.expires_at ? &x : nullptr;
  return nullptr;
}

const grant* lock_queue::with_token(std::uint64_t token) const noexcept {
  auto i = std::ranges::lower_bound(holders_, token, {}, &grant::token);
  return i != holders_.end() && i->token == token ? &*i : nullptr;
}

bool lock_queue::confirm(time_point now, std::string_view owner) noexcept {
  auto i = find_holder(owner);
  if (i == holders_.end() || i->expires_at <= now)
    return false;
  return i->acknowledged = true;
}

bool lock_queue::check(time_point now) const noexcept {
  return std::any_of(holders_.begin(), holders_.end(),
                     [now](const grant& x) { return now < x.expires_at; });
}

std::optional<time_point> lock_queue::next_deadline() const noexcept {
  auto result = first_expiry_;
  if (line_)
    result = std::min(result, line_->by_deadline.begin()->first);
  if (result == time_point::max())
    return std::nullopt;
  return result;
}

// -- the holders --------------------------------------------------------------

std::vector<grant>::iterator lock_queue::find_holder(std::string_view owner) {
  return std::find_if(holders_.begin(), holders_.end(),
                      [owner](const grant& x) { return x.owner == owner; });
}

// Whether `x` and the holders are shared, but have different limits.
bool lock_queue::has_other_limit(const lock_request& x) const noexcept {
  // All holders have the same mode.
  return x.mode == lock_mode::shared && !holders_.empty()
         && holders_.front().mode == lock_mode::shared && x.limit != limit_;
}

bool lock_queue::fits(const lock_request& x) const noexcept {
  if (holders_.empty())
    return true;
  if (x.mode == lock_mode::exclusive || holders_.front().mode == lock_mode::exclusive
      || has_other_limit(x))
    return false;
  return holders_.size() < limits_->max_holders && (x.limit == 0 || holders_.size() < x.limit);
}

const grant& lock_queue::grant_to(time_point now, lock_request&& x, std::vector<ticket_id> repeats,
                                  cause why, lock_changes& out) {
  report one{out};
  grant result{std::move(x.owner), x.ticket, tokens_->next(), now,
               end_of(now, x.ttl), x.mode,   false,           {}};
  if (!x.request_id.empty() || x.lease != 0 || !x.metadata.empty())
    result.more = std::make_unique<grant::details>(
      grant::details{std::move(x.request_id), std::move(repeats), x.lease, std::move(x.metadata)});
  auto& added = holders_.emplace_back(std::move(result));
  first_expiry_ = std::min(first_expiry_, added.expires_at);
  limit_ = x.limit;
  auto& told = one.made(change::granted, why);
  told.ticket = added.ticket;
  told.token = added.token;
  told.since = added.since;
  told.expires_at = added.expires_at;
  told.mode = added.mode;
  return added;
}

void lock_queue::remove_holder(std::vector<grant>::iterator x, cause why, lock_changes& out) {
  report one{out};
  auto& ended = one.made(change::ended, why);
  out.back().limit = limit_;
  ended = std::move(*x);
  drop_holder(x);
}

void lock_queue::drop_holder(std::vector<grant>::iterator x) noexcept {
  auto expires_at = x->expires_at;
  holders_.erase(x);
  if (expires_at == first_expiry_)
    find_first_expiry();
  if (holders_.empty())
    limit_ = 0;
}

void lock_queue::find_first_expiry() noexcept {
  first_expiry_ = time_point::max();
  for (auto& x : holders_)
    first_expiry_ = std::min(first_expiry_, x.expires_at);
}

// -- the queue ----------------------------------------------------------------

void lock_queue::join(time_point now, position x, ticket_id ticket, duration wait,
                      lock_changes& out) {
  auto deadline = end_of(now, wait);
  auto owner = x->request.owner;
  report one{out};
  x->tickets.push_back(ticket);
  try {
    line_->by_ticket.emplace(ticket, line::ticket{x, deadline});
    line_->by_deadline.emplace(deadline, ticket);
  } catch (...) {
    line_->by_ticket.erase(ticket);
    x->tickets.pop_back();
    throw;
  }
  auto& told = one.made(change::waits, cause::request);
  told.ticket = ticket;
  told.owner = std::move(owner);
}

waiter lock_queue::take(position x) {
  for (auto ticket : x->tickets)
    line_->by_deadline.erase({line_->by_ticket.extract(ticket).mapped().deadline, ticket});
  line_->by_owner.erase(x->request.owner);
  auto result = std::move(*x);
  line_->order.erase(x);
  if (line_->order.empty())
    line_.reset();
  return result;
}

// Removes one request. Its place is removed, too, if no other request shares it.
void lock_queue::leave(ticket_id ticket) {
  auto [place, deadline] = line_->by_ticket.at(ticket);
  if (place->tickets.size() == 1)
    return static_cast<void>(take(place));
  std::erase(place->tickets, ticket);
  line_->by_ticket.erase(ticket);
  line_->by_deadline.erase({deadline, ticket});
}

void lock_queue::refuse(ticket_id ticket, cause why, lock_changes& out) {
  auto owner = line_->by_ticket.at(ticket).place->request.owner;
  report one{out};
  leave(ticket);
  auto& told = one.made(change::waits_no_more, why);
  told.ticket = ticket;
  told.owner = std::move(owner);
}

// -- time ---------------------------------------------------------------------

// Handles, in the order of time, what ended before `now`, and the holders that end at
// `now`.
void lock_queue::run_until(time_point now, lock_changes& out) {
  for (;;) {
    auto deadline = line_ ? line_->by_deadline.begin()->first : time_point::max();
    if (!holders_.empty() && first_expiry_ <= deadline && first_expiry_ <= now) {
      auto instant = first_expiry_;
      auto i = std::find_if(holders_.begin(), holders_.end(),
                            [instant](auto& x) { return x.expires_at == instant; });
      remove_holder(i, cause::expired, out);
      // Only after all holders that end at this instant.
      if (first_expiry_ != instant)
        hand_over(now, out);
    } else if (deadline < now) {
      refuse(line_->by_deadline.begin()->second, cause::timed_out, out);
      hand_over(now, out);
    } else {
      return;
    }
  }
}

// Grants what can be granted now, then ends the waits that end at `now`.
void lock_queue::finish(time_point now, lock_changes& out) {
  hand_over(now, out);
  while (line_ && line_->by_deadline.begin()->first <= now) {
    refuse(line_->by_deadline.begin()->second, cause::timed_out, out);
    hand_over(now, out);
  }
}

// Grants the lock to waiters. No other function does.
void lock_queue::hand_over(time_point now, lock_changes& out) {
  while (line_ && fits(line_->order.front().request)) {
    auto [request, since, tickets] = take(line_->order.begin());
    // One of them is the request's own, unless that was withdrawn.
    request.ticket = tickets.front();
    auto& x = grant_to(now, std::move(request), {tickets.begin() + 1, tickets.end()}, cause::turn,
                       out);
    for (auto ticket : tickets) {
      report one{out};
      auto owner = x.owner;
      auto& told = one.made(change::waits_no_more, cause::turn);
      told.owner = std::move(owner);
      told.ticket = ticket;
      told.token = x.token;
      told.expires_at = x.expires_at;
    }
  }
}

} // namespace lockserver
