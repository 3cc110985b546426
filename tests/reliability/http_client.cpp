// The project's REST client as a client of the torture test.
#include "lockserver/rest_client.hpp"
#include "net/client/blocking_core.hpp"
#include "net/client/v1_answer.hpp"
#include "net/client/v1_request.hpp"

#include "tests/reliability/caf_client.hpp"
#include "tests/reliability/lock_client.hpp"

#include <stdexcept>

namespace reliability {

namespace {

using lockserver::errc;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

lockserver::client_options impatient() {
  lockserver::client_options result;
  // The torturer waits for the server, so the client need not.
  result.reconnect_attempts = 1;
  result.connect_timeout = std::chrono::seconds{2};
  result.answer_timeout = std::chrono::seconds{4};
  return result;
}

std::string word(const std::error_code& ec) {
  if (ec == errc::held)
    return "held";
  if (ec == errc::wait_timeout)
    return "wait_timeout";
  if (ec == errc::not_holder)
    return "not_holder";
  if (ec == errc::already_held)
    return "already_held";
  if (ec == errc::already_waiting)
    return "already_waiting";
  if (ec == errc::lease_expired)
    return "lease_expired";
  return ec.message();
}

// Which errors mean that the server has refused the request or has changed nothing. After
// any other error, such as a broken connection, the outcome is unknown: the client may
// have sent the request twice.
outcome outcome_of(const std::error_code& ec) {
  if (ec == errc::held || ec == errc::wait_timeout || ec == errc::not_holder
      || ec == errc::already_held || ec == errc::already_waiting || ec == errc::lease_expired)
    return outcome::refused;
  if (ec == errc::stopping || ec == errc::too_many || ec == errc::store_failed)
    return outcome::not_done;
  if (ec == errc::bad_request || ec == errc::bad_answer || ec == errc::limit_mismatch
      || ec == errc::wrong_owner || ec == std::errc::invalid_argument)
    throw std::logic_error{"a torturer's mistake, or no lock server: " + ec.message()};
  return outcome::unknown;
}

void show(reply& to, const std::vector<lockserver::client::holder>& holders) {
  to.shows_holders = true;
  for (auto& x : holders)
    to.holders.push_back({x.owner, x.token});
}

reply failed(const lockserver::client::problem& x) {
  reply result;
  result.result = outcome_of(x.code);
  result.reason = word(x.code);
  if (x.code == errc::held || x.code == errc::wait_timeout || x.code == errc::not_holder)
    show(result, x.holders);
  return result;
}

reply granted(const lockserver::client::answer<lockserver::client::grant>& x) {
  if (!x)
    return failed(x.error());
  reply result;
  result.result = outcome::ok;
  result.token = x->token;
  // The server rounds both up.
  result.lasts = x->waited + x->ttl - milliseconds{2};
  return result;
}

reply leased(const lockserver::client::answer<lockserver::client::lease>& x) {
  if (!x)
    return failed(x.error());
  reply result;
  result.result = outcome::ok;
  result.lasts = x->ttl - milliseconds{1};
  result.lease = x->id;
  return result;
}

class http_client final : public lock_client {
public:
  http_client(const std::string& owner, std::uint16_t port)
    : owner_(owner),
      client_(owner, "127.0.0.1", port, impatient()),
      releases_({"127.0.0.1", port, impatient()}) {
  }

  reply acquire(const std::string& key, const acquire_request& x) override {
    lockserver::client::acquire_options options;
    if (x.lease.empty())
      options.ttl = duration_cast<milliseconds>(x.ttl);
    options.lease = x.lease;
    options.wait = duration_cast<milliseconds>(x.wait);
    options.request_id = x.request_id;
    if (x.limit > 1) {
      options.mode = lockserver::client::lock_mode::shared;
      options.limit = x.limit;
    }
    return granted(client_.acquire(key, options));
  }

  reply renew(const std::string& key, std::uint64_t token, duration ttl) override {
    return granted(client_.renew(key, token, duration_cast<milliseconds>(ttl)));
  }

  // Sent once at most. `rest_client::release` repeats it, and then it is a success also if
  // the lock had ended before, which says nothing about who held it.
  reply release(const std::string& key, std::uint64_t token) override {
    using lockserver::client::answer;
    auto request = lockserver::v1::release(key, owner_, token);
    auto limits = lockserver::usual_effort(impatient());
    auto done
      = releases_.run<answer<bool>>([&](const auto& core) -> boost::asio::awaitable<answer<bool>> {
          auto got = co_await core->ask(request.call, lockserver::repeat::never, limits);
          co_return lockserver::v1::read_released(got, core->server);
        });
    if (!done)
      return failed(done.error());
    reply result;
    result.result = outcome::ok;
    result.token = token;
    return result;
  }

  reply verify(const std::string& key) override {
    auto info = client_.inspect(key);
    if (!info)
      return failed(info.error());
    reply result;
    result.result = outcome::ok;
    show(result, info->holders);
    for (auto& x : info->queue)
      result.queue.push_back(x.owner);
    return result;
  }

  reply create_lease(duration ttl) override {
    return leased(client_.create_lease(duration_cast<milliseconds>(ttl)));
  }

  reply renew_lease(const std::string& id) override {
    return leased(client_.renew_lease(id));
  }

  reply end_lease(const std::string& id) override {
    auto done = client_.end_lease(id);
    if (!done)
      return failed(done.error());
    reply result;
    result.result = outcome::ok;
    return result;
  }

private:
  const std::string owner_;
  lockserver::rest_client client_;
  lockserver::blocking_core releases_;
};

} // namespace

std::unique_ptr<lock_client> make_client(const std::string& kind, const std::string& owner,
                                         const server_ports& ports) {
  if (kind == "http")
    return std::make_unique<http_client>(owner, ports.http);
  if (kind == "caf")
    return make_caf_client(owner, ports.caf);
  throw std::invalid_argument{"no such kind of client: " + kind};
}

} // namespace reliability
