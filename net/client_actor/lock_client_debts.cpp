// The debts of the client actor: messages about what its users have given up. If the
// server is away, it gets them when it is back.

#include "net/client_actor/lock_client.hpp"

#include <utility>
#include <vector>

namespace lockserver {

namespace {

// Beyond this, the oldest debt is dropped, and its lock ends when its time is over. The
// number is that of the acquires that the server lets one client have under way.
constexpr std::size_t max_debts = 10'000;

} // namespace

// -- what users give up ---------------------------------------------------------

void lock_client::give_up(id number, caf::error why) {
  auto i = operations_.find(number);
  if (i == operations_.end())
    return;
  auto x = std::move(i->second);
  remove_operation(number);
  if (x.undo)
    x.undo(x.sent || x.repeat);
  x.fail(std::move(why));
}

caf::result<bool> lock_client::cancel(const cancel_wait& x) {
  auto who = asker();
  std::vector<id> numbers;
  for (auto& [number, y] : operations_)
    if (who && y.acquires && y.user == who && y.key == x.key)
      numbers.push_back(number);
  for (auto number : numbers)
    give_up(number, caf::make_error(errc::cancelled, "the wait was cancelled"));
  return !numbers.empty();
}

// -- debts ----------------------------------------------------------------------

// The message is sent now or in the next session. It is sent again in each later session
// until it is answered, or until `until`, when the server does not need it any more.
void lock_client::owe(time_point until, std::function<void(id)> send) {
  forget_paid_by_time();
  if (debts_.size() >= max_debts)
    debts_.erase(debts_.begin());
  auto number = ++last_id_;
  auto& x = debts_.emplace(number, debt{until, std::move(send)}).first->second;
  if (connected())
    x.send(number);
}

void lock_client::pay_debts() {
  forget_paid_by_time();
  for (auto& [number, x] : debts_)
    x.send(number);
}

void lock_client::forget_paid_by_time() {
  std::erase_if(debts_, [now = time_->now()](auto& x) { return x.second.until <= now; });
}

// A debt is not settled by an error: CAF sends one when the session has ended, and there
// will be another session.
void lock_client::settle(id number) {
  debts_.erase(number);
  leave_if_done();
}

// Nobody waits for the answer to this release.
// @param ttl the longest time for which the server may keep the lock.
void lock_client::give_back(const lock_name& name, std::uint64_t token, caf::timespan ttl) {
  release_request x{name.first, name.second, token};
  owe(safe_until(time_->now(), ttl), [this, x](id number) {
    compat::request(this, session_, x)
      .then([this, number](const release_reply&) { settle(number); }, [](const caf::error&) {});
  });
}

void lock_client::give_back_lease(const std::string& name) {
  owe(time_point::max(), [this, x = lease_end_request{name}](id number) {
    compat::request(this, session_, x)
      .then([this, number](const lease_reply&) { settle(number); },
            [this, number](const caf::error& why) {
              if (why == errc::forbidden) // nor will the server do it later
                settle(number);
            });
  });
}

// Takes back an acquire that was sent as `ticket`. If its answer is under way, the grant
// is released when it arrives. If the answer was lost with a connection, the session
// still knows the grant.
void lock_client::withdraw(id ticket, const acquire_lock& x) {
  auto until = x.ttl > caf::timespan::zero() ? safe_until(time_->now(), x.ttl) : time_point::max();
  owe(until, [this, ticket, x, session = last_session_](id number) {
    if (session_addr_ != session)
      return ask_for_grant_of(x, number);
    compat::request(this, session_, withdraw_request{x.key, ticket})
      .then([this, number](bool) { settle(number); }, [](const caf::error&) {});
  });
}

// For another session, which does not know the ticket, for instance because the server
// was restarted and has kept its grants. The same request gets the same grant again. If
// there was no grant, it may get a new one. Either is released.
void lock_client::ask_for_grant_of(acquire_lock x, id number) {
  x.wait = caf::timespan::zero();
  compat::request(this, session_, session_acquire{number, x})
    .then(
      [this, number, name = lock_name{x.key, x.owner}](const acquire_reply& reply) {
        if (reply.status == acquire_reply::granted)
          give_back(name, reply.token, reply.ttl);
        settle(number);
      },
      [](const caf::error&) {});
}

} // namespace lockserver
