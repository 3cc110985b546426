// The client actor as a client of the torture test: one for the whole process, and an
// actor that asks for each owner.
#include "tests/reliability/caf_client.hpp"

#include "actors/compat/messaging.hpp"
#include "actors/rules/safe_time.hpp"
#include "lockserver/client_actor.hpp"

#include <caf/all.hpp>

#include <stdexcept>
#include <utility>

namespace reliability {

namespace {

using lockserver::errc;
namespace compat = lockserver::compat;

outcome outcome_of(const caf::error& x) {
  for (auto no : {errc::held, errc::wait_timeout, errc::not_holder, errc::already_held,
                  errc::already_waiting, errc::lease_expired})
    if (x == no)
      return outcome::refused;
  for (auto nothing : {errc::too_many, errc::stopping})
    if (x == nothing)
      return outcome::not_done;
  // `store_failed` is not certain either: the client may have sent the request to an
  // earlier life of the server, which has carried it out.
  for (auto wrong : {errc::bad_request, errc::limit_mismatch, errc::wrong_owner})
    if (x == wrong)
      throw std::logic_error{"a torturer's mistake: " + lockserver::detail_of(x)};
  return outcome::unknown;
}

reply failed(const caf::error& x) {
  reply result;
  result.result = outcome_of(x);
  result.reason = x == errc::wait_timeout   ? "wait_timeout"
                  : x == errc::not_holder   ? "not_holder"
                  : x == errc::already_held ? "already_held"
                  : x == errc::held         ? "held"
                                            : lockserver::detail_of(x);
  return result;
}

// If a client could not renew in time, because it or the server was stopped, it sends
// `lock_lost` and releases the lock, a little before its end.
reply granted(const lockserver::lock_grant& x) {
  reply result;
  result.result = outcome::ok;
  result.token = x.token;
  result.lasts = x.waited + x.ttl - lockserver::safety_margin(x.ttl);
  return result;
}

// The CAF objects of a process. Never destroyed: the process ends as if it were killed,
// with everything that it holds.
struct world {
  explicit world(std::uint16_t port) : locks(lockserver::spawn_client(system, "127.0.0.1", port)) {
  }

  struct settings : caf::actor_system_config {
    settings() {
      lockserver::load_client(*this);
    }
  };
  settings config;
  caf::actor_system system{config};
  lockserver::client_actor locks;
};

world& world_of(std::uint16_t port) {
  static auto& result = *[port] {
    lockserver::init_client_types();
    return new world{port};
  }();
  return result;
}

class caf_client final : public lock_client {
public:
  caf_client(std::string owner, std::uint16_t port)
    : world_(world_of(port)), self_(world_.system), owner_(std::move(owner)) {
  }

  reply acquire(const std::string& key, const acquire_request& x) override {
    lockserver::acquire_lock request{key, owner_, x.ttl, x.wait};
    request.mode = x.limit > 1 ? lockserver::lock_mode::shared : lockserver::lock_mode::exclusive;
    request.limit = x.limit > 1 ? x.limit : 0;
    request.request_id = x.request_id;
    request.hold = lockserver::hold_mode::ttl;
    return ask<lockserver::lock_grant>(std::move(request), granted);
  }

  reply renew(const std::string& key, std::uint64_t token, duration ttl) override {
    return ask<lockserver::lock_grant>(lockserver::renew_request{key, owner_, token, ttl}, granted);
  }

  reply release(const std::string& key, std::uint64_t token) override {
    // A release is certain only if it was sent once. The answer to a repeat is the same
    // when nobody holds the lock by that token any more.
    return ask<bool>(lockserver::release_request{key, owner_, token}, [](bool) {
      reply result;
      result.result = outcome::unknown;
      result.reason = "released, or so before";
      return result;
    });
  }

  reply verify(const std::string& key) override {
    return ask<lockserver::lock_info>(lockserver::inspect_request{key, true},
                                      [](const lockserver::lock_info& x) {
                                        reply result;
                                        result.result = outcome::ok;
                                        result.shows_holders = true;
                                        for (auto& holder : x.holders)
                                          result.holders.push_back({holder.owner, holder.token});
                                        for (auto& waiter : x.queue)
                                          result.queue.push_back(waiter.owner);
                                        return result;
                                      });
  }

  bool renews() const override {
    return true;
  }

  // The client also renews leases by itself, so they never end here.
  reply create_lease(duration) override {
    return {};
  }
  reply renew_lease(const std::string&) override {
    return {};
  }
  reply end_lease(const std::string&) override {
    return {};
  }

private:
  template <class Answer, class Request, class Read>
  reply ask(Request&& x, Read read) {
    reply result;
    compat::request(self_.ptr(), world_.locks, std::forward<Request>(x))
      .receive([&](const Answer& answer) { result = read(answer); },
               [&](const caf::error& why) { result = failed(why); });
    return result;
  }

  world& world_;
  caf::scoped_actor self_;
  std::string owner_;
};

} // namespace

std::unique_ptr<lock_client> make_caf_client(const std::string& owner, std::uint16_t port) {
  return std::make_unique<caf_client>(owner, port);
}

} // namespace reliability
