// Those who wait for a key: how they are kept, and how they are told, some at a time.
#include "actors/key.hpp"

#include "actors/quoted.hpp"

#include <spdlog/logger.h>

#include <limits>
#include <unordered_set>
#include <utility>

namespace lockserver {

double key::seconds(duration x) {
  return x == forever ? std::numeric_limits<double>::infinity()
                      : std::chrono::duration<double>{x}.count();
}

key::parked& key::park(const acquire_request& x, time_point since) {
  if (!waiting_)
    waiting_ = std::make_unique<std::unordered_map<ticket_id, parked>>();
  auto& result = waiting_->try_emplace(x.ticket, parked{{}, since, x.explain, x.takes_connection})
                   .first->second;
  ++share_.counts.waiters;
  if (x.takes_connection)
    ++env_.waits;
  return result;
}

// Null when the request failed before it was parked: whoever asked knows.
key::parked* key::find_parked(ticket_id ticket) noexcept {
  if (!waiting_)
    return nullptr;
  auto i = waiting_->find(ticket);
  return i == waiting_->end() ? nullptr : &i->second;
}

void key::unpark(ticket_id ticket) noexcept {
  auto i = waiting_->find(ticket);
  --share_.counts.waiters;
  if (i->second.takes_connection)
    --env_.waits;
  waiting_->erase(i);
}

// Its client is gone. It is answered nevertheless: CAF remembers a request until then,
// and LEASES, which asks for many, counts it.
void key::cancel(ticket_id ticket) noexcept {
  auto* waited = find_parked(ticket);
  if (waited == nullptr)
    return;
  try {
    waited->promise.deliver(caf::make_error(errc::cancelled));
  } catch (...) { // then it is not
  }
  unpark(ticket);
}

void key::refuse(time_point now, ticket_id ticket, errc status) {
  auto* waited = find_parked(ticket);
  if (waited == nullptr)
    return;
  env_.log.debug("refused: key={} ticket={} status={} waited={:.3f}s", quoted{name_}, ticket,
                 row_of(status).id, seconds(now - waited->since));
  auto reply = refused(now, status, waited->explain);
  reply.waited = now - waited->since;
  deliver(*waited, std::move(reply));
  unpark(ticket);
}

// In `tell_some`, whatever they were to be told before, but for those who have been
// granted the lock.
void key::refuse_waiting(errc status) {
  if (!waiting_)
    return;
  auto all = std::make_unique<std::deque<verdict>>();
  std::unordered_set<ticket_id> granted;
  if (untold_)
    for (auto& x : *untold_)
      if (x.status == acquire_reply::granted) {
        granted.insert(x.ticket);
        all->push_back(x);
      }
  for (auto& [ticket, waited] : *waiting_)
    if (!granted.contains(ticket))
      all->push_back({ticket, status, {}, 0});
  untold_ = std::move(all);
}

// Of many who wait, the first. Their turns may come when what they have been granted
// is over already, or when they have been withdrawn.
void key::tell_some(time_point now, std::size_t most) {
  for (std::size_t n = 0; untold_ && n < most; ++n) {
    tell(now, untold_->front());
    untold_->pop_front();
    if (untold_->empty())
      untold_.reset();
  }
  if (waiting_ && waiting_->empty())
    waiting_.reset();
}

void key::tell(time_point now, const verdict& x) {
  if (x.status != acquire_reply::granted)
    return refuse(now, x.ticket, x.status);
  auto* waited = find_parked(x.ticket);
  if (waited == nullptr)
    return;
  auto* has = lock_.find(now, x.owner);
  if (has == nullptr || has->token != x.token)
    return refuse(now, x.ticket, acquire_reply::wait_timeout);
  auto reply = granted(now, *has);
  reply.waited = now - waited->since;
  env_.log.debug("granted: key={} {} ticket={} token={} for={:.3f}s waited={:.3f}s", quoted{name_},
                 logged_holder{x.owner}, x.ticket, x.token, seconds(reply.ttl),
                 seconds(reply.waited));
  deliver(*waited, std::move(reply));
  unpark(x.ticket);
}

} // namespace lockserver
