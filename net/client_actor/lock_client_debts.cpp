// What the client actor has yet to tell the server: what its users have given up,
// which a server that is away learns when it is back.

#include "net/client_actor/lock_client.hpp"

#include <utility>
#include <vector>

namespace lockserver {

namespace {

// Beyond which the oldest is forgotten, whose lock then ends with its time: as many
// acquires as the server lets one client have under way.
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
    give_up(number, caf::make_error(errc::cancelled, "the wait was called off"));
  return !numbers.empty();
}

// -- until the server knows -----------------------------------------------------

// Sent now, or in the next session, and again in the one after it, until it is
// answered or `until` has come, when the server needs it no more.
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

// Not after an error: that comes from CAF when the session has ended, and there will
// be another.
void lock_client::settle(id number) {
  debts_.erase(number);
  leave_if_done();
}

// In nobody's name: there is no answer that anyone waits for.
// @param ttl within which the server ends it anyway.
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
      .then([this, number](const lease_reply&) { settle(number); }, [](const caf::error&) {});
  });
}

// An acquire that was sent as `ticket` and is not wanted any more. Its answer may be
// under way: then the grant is given back when it arrives. It may also have been lost
// with a connection: the session knows which grant it was.
void lock_client::withdraw(id ticket, const acquire_lock& x) {
  auto until = x.ttl > caf::timespan::zero() ? safe_until(time_->now(), x.ttl) : time_point::max();
  owe(until, [this, ticket, x, session = last_session_](id number) {
    if (session_addr_ != session)
      return ask_for_grant_of(x, number);
    compat::request(this, session_, withdraw_request{x.key, ticket})
      .then([this, number](bool) { settle(number); }, [](const caf::error&) {});
  });
}

// Another session does not, such as that of a server that was restarted and has kept
// its grants: the same request again brings the same grant. If there was none, it may
// bring one; which goes back as well.
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
