// Asks registries for a test, and records the answers.
#pragma once

#include "tests/support/test_system.hpp"

#include "actors/leases.hpp"
#include "actors/lister.hpp"
#include "actors/registry.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockserver::test {

/// The answer to one request, if it has come.
template <class T>
struct answer {
  std::optional<T> value;
  int times = 0;       ///< The number of answers; more than one is an error.
  bool failed = false; ///< CAF reported an error instead:
  caf::error why{};

  void put(const T& x) {
    value = x;
    ++times;
  }
};

template <class T>
using answer_ptr = std::shared_ptr<answer<T>>;

/// The answer to one acquire request, if it has come.
struct acquire_answer : answer<acquire_reply> {
  std::uint64_t ticket = 0;

  bool has(errc status) const {
    return value && value->status == status;
  }
  bool granted() const {
    return has(acquire_reply::granted);
  }
};

/// An actor that a test controls from outside, as connections do with sessions.
class client_actor final : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](deadline_reached) {}};
  }

  const char* name() const override {
    return "client";
  }
};

/// Sends requests to one registry. `test_system::run` and the like handle them, and write
/// the answers to the results of these calls.
class client {
public:
  using duration = std::chrono::steady_clock::duration;

  /// @param last_ticket shared by all clients of a registry.
  client(caf::actor_system& sys, registry_actor registry, std::uint64_t& last_ticket)
    : handle_(sys.spawn<client_actor>()),
      self_(caf::actor_cast<client_actor*>(handle_)),
      registry_(std::move(registry)),
      last_ticket_(last_ticket) {
  }

  ~client() {
    compat::anon_send_exit(self_);
  }

  client(const client&) = delete;
  client& operator=(const client&) = delete;

  std::shared_ptr<acquire_answer> acquire(const std::string& key, const std::string& owner,
                                          duration ttl, duration wait = duration::zero()) {
    auto result = std::make_shared<acquire_answer>();
    result->ticket = ++last_ticket_;
    ask<acquire_reply>(result, acquire_request{{owner, result->ticket, ttl, wait}, key});
    return result;
  }
  /// Sends a request with any fields. It gets a ticket.
  std::shared_ptr<acquire_answer> acquire(acquire_request x) {
    auto result = std::make_shared<acquire_answer>();
    x.ticket = result->ticket = ++last_ticket_;
    ask<acquire_reply>(result, std::move(x));
    return result;
  }
  /// Sends a request with a lease, through `leases`.
  std::shared_ptr<acquire_answer> acquire(const leases_actor& leases, const std::string& lease,
                                          acquire_request x) {
    auto result = std::make_shared<acquire_answer>();
    x.ticket = result->ticket = ++last_ticket_;
    ask_of<acquire_reply>(leases, result, lease_acquire_request{lease, std::move(x)});
    return result;
  }
  /// The answer says whether it was released.
  answer_ptr<bool> release(const std::string& key, const std::string& owner) {
    auto result = std::make_shared<answer<bool>>();
    compat::request(self_, registry_, release_request{key, owner})
      .then([result](const release_reply& x) { result->put(x.status == release_reply::released); },
            [result](const caf::error& why) {
              result->failed = true;
              result->why = why;
            });
    return result;
  }
  /// Sends a request with an answer of type `Reply`.
  template <class Reply, class Actor, class Request>
  answer_ptr<Reply> ask_any(const Actor& whom, Request x) {
    auto result = std::make_shared<answer<Reply>>();
    ask_of<Reply>(whom, result, std::move(x));
    return result;
  }
  answer_ptr<bool> verify(const std::string& key, const std::string& owner) {
    return ask(check_request{key, owner});
  }
  answer_ptr<bool> check(const std::string& key) {
    return ask(check_request{key});
  }
  void end_wait(const std::string& key, std::uint64_t ticket) {
    tell(withdraw_request{key, ticket, withdrawal::wait_only});
  }

  void withdraw(const std::string& key, std::uint64_t ticket) {
    tell(withdraw_request{key, ticket});
  }

  /// Sends a message without an answer.
  template <class Message>
  void tell(Message x) {
    compat::send(self_, registry_, std::move(x));
  }

  /// The same, to the leases actor.
  template <class Message>
  void tell_leases(const leases_actor& leases, Message x) {
    compat::send(self_, leases, std::move(x));
  }

private:
  template <class Request>
  answer_ptr<bool> ask(Request x) {
    auto result = std::make_shared<answer<bool>>();
    ask<bool>(result, std::move(x));
    return result;
  }

  template <class Reply, class Answer, class Request>
  void ask(std::shared_ptr<Answer> result, Request x) {
    ask_of<Reply>(registry_, std::move(result), std::move(x));
  }

  template <class Reply, class Actor, class Answer, class Request>
  void ask_of(const Actor& whom, std::shared_ptr<Answer> result, Request x) {
    compat::request(self_, whom, std::move(x))
      .then([result](const Reply& reply) { result->put(reply); },
            [result](const caf::error& why) {
              result->failed = true;
              result->why = why;
            });
  }

  caf::actor handle_;
  client_actor* self_; // kept alive by the handle
  registry_actor registry_;
  std::uint64_t& last_ticket_;
};

/// Registry and leases in virtual time, with a client.
struct lock_fixture {
  explicit lock_fixture(std::chrono::steady_clock::duration key_idle_timeout
                        = std::chrono::seconds{1})
    : env{world.time(), tokens, log, key_idle_timeout, {1000, 1000}, 1000, {1000}},
      leases(caf::actor_cast<leases_actor>(world.system().spawn<lockserver::leases>(keys, env))),
      registry(caf::actor_cast<registry_actor>(
        world.system().spawn<lockserver::registry>(leases, env, counts))),
      ask(new_client()) {
    keys->all.push_back(registry);
    keys->leases = leases;
    world.run();
    own_actors = world.actors();
  }

  ~lock_fixture() {
    ask.reset();
    compat::anon_send(registry, shut_down{});
    compat::anon_send(leases, shut_down{});
    registry = nullptr;
    leases = nullptr;
    keys = nullptr;
    world.run();
  }

  std::unique_ptr<client> new_client() {
    return std::make_unique<client>(world.system(), registry, last_ticket);
  }

  /// The number of living key actors.
  std::size_t keys_alive() const {
    return world.actors() - own_actors;
  }

  std::uint64_t last_ticket = 0;
  token_source tokens{1000};
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  lock_counts counts;
  test_system world;
  std::shared_ptr<registries> keys = std::make_shared<registries>();
  lock_environment env;
  leases_actor leases;
  registry_actor registry;
  std::unique_ptr<client> ask;
  std::size_t own_actors = 0;
};

} // namespace lockserver::test
