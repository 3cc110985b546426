// A server and its client actors in virtual time. A test can cut, silence and restore the
// network between them.
#pragma once

#include "net/caf/reachable_actors.hpp"
#include "net/dialects/router.hpp"
#include "tests/support/lock_client.hpp"

#include "lockserver/client_actor.hpp"
#include "net/caf/gateway.hpp"
#include "net/client_actor/lock_client.hpp"
#include "net/session/server_context.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lockserver::test {

/// The network between the nodes of a test.
struct network {
  bool up = true;      ///< False: connecting fails.
  bool silent = false; ///< Nothing gets through, and nobody is told.
  /// The newest protocol of the server's release.
  std::uint32_t newest_protocol = session_hello::newest_protocol;

  /// The two ends of a connection: the server's session as its client knows it, and the
  /// client as the server knows it.
  struct connection {
    caf::actor session;
    caf::actor client;
  };
  std::vector<connection> connections;

  /// Ends all connections: each side learns that the other cannot be reached.
  void cut() {
    up = false;
    for (auto& x : std::exchange(connections, {})) {
      end(x.session);
      end(x.client);
    }
  }

  /// The server is told that its clients cannot be reached. The clients receive nothing
  /// any more.
  void cut_server_side() {
    silent = true;
    for (auto& x : connections)
      end(x.client);
  }

  /// The same in the other direction.
  void cut_client_side() {
    silent = true;
    for (auto& x : connections)
      end(x.session);
  }

private:
  static void end(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::remote_link_unreachable);
  }
};

/// One connection, like CAF's proxies: to the client it is the session, to the server the
/// client.
class wire final : public remote_session_actor::base {
public:
  wire(caf::actor_config& cfg, network& net, remote_session_actor session)
    : remote_session_actor::base(cfg), net_(net), session_(std::move(session)) {
  }

  remote_session_actor::behavior_type make_behavior() override {
    return {
      [this](session_hello& x) { return pass_on<session_welcome>(x); },
      [this](session_acquire& x) { return pass_on<acquire_reply>(x); },
      [this](release_request& x) { return pass_on<release_reply>(x); },
      [this](renew_request& x) { return pass_on<acquire_reply>(x); },
      [this](check_request& x) { return pass_on<bool>(x); },
      [this](inspect_request& x) { return pass_on<lock_info>(x); },
      [this](list_request& x) { return pass_on<list_reply>(x); },
      [this](lease_create_request& x) { return pass_on<lease_reply>(x); },
      [this](lease_renew_request& x) { return pass_on<lease_reply>(x); },
      [this](lease_inspect_request& x) { return pass_on<lease_reply>(x); },
      [this](lease_end_request& x) { return pass_on<lease_reply>(x); },
      [this](withdraw_request& x) { return pass_on<bool>(x); },
      [this](keep_alive& x) { return pass_on<bool>(x); },
      [](shut_down) {},
      [](deadline_reached) {},
    };
  }

  void on_exit() override {
    session_ = nullptr;
    lost_.clear();
  }

private:
  template <class Reply, class Request>
  caf::result<Reply> pass_on(Request& x) {
    auto promise = make_response_promise<Reply>();
    if (net_.silent) {
      lose(promise);
      return promise;
    }
    compat::request(this, session_, std::move(x))
      .then(
        [this, promise](Reply& reply) mutable {
          if (net_.silent)
            lose(promise);
          else
            promise.deliver(std::move(reply));
        },
        [promise](caf::error& what) mutable { promise.deliver(std::move(what)); });
    return promise;
  }

  // With CAF 1, a dropped promise would be an answer.
  template <class Promise>
  void lose(Promise promise) {
    lost_.push_back(std::make_shared<Promise>(std::move(promise)));
  }

  network& net_;
  remote_session_actor session_;
  std::vector<std::shared_ptr<void>> lost_;
};

/// The server's gateway, as seen from another node.
class far_gateway final : public gateway_actor::base {
public:
  far_gateway(caf::actor_config& cfg, network& net, gateway_actor real)
    : gateway_actor::base(cfg), net_(net), real_(std::move(real)) {
  }

  gateway_actor::behavior_type make_behavior() override {
    return {
      [this](session_hello& x) -> caf::result<session_welcome> {
        if (net_.silent)
          return lost_.emplace_back(make_response_promise<session_welcome>());
        // The wire asks, so that it owns the session. It has none before.
        auto one = spawn<opener>(net_, real_, caf::actor_cast<caf::actor>(current_sender()));
        auto promise = make_response_promise<session_welcome>(); // takes the sender
        compat::request(this, caf::actor_cast<opening_actor>(one), std::move(x))
          .then(
            [this, promise](session_welcome& y) mutable {
              y.protocol = std::min(y.protocol, net_.newest_protocol);
              promise.deliver(std::move(y));
            },
            [promise](caf::error& what) mutable { promise.deliver(std::move(what)); });
        return promise;
      },
      [this](shut_down) { quit(); },
    };
  }

  void on_exit() override {
    real_ = nullptr;
    lost_.clear();
  }

private:
  using opening_actor = compat::typed_actor<caf::result<session_welcome>(session_hello)>;

  // Stands for the client's node at the server, and keeps the wire alive.
  class opener final : public opening_actor::base {
  public:
    opener(caf::actor_config& cfg, network& net, gateway_actor real, caf::actor client)
      : opening_actor::base(cfg), net_(net), real_(std::move(real)), client_(std::move(client)) {
    }

    behavior_type make_behavior() override {
      return {
        [this](session_hello& x) -> caf::result<session_welcome> {
          auto promise = make_response_promise<session_welcome>();
          compat::request(this, real_, std::move(x))
            .then(
              [this, promise](session_welcome& y) mutable {
                auto session = caf::actor_cast<remote_session_actor>(y.session);
                wire_ = caf::actor_cast<caf::actor>(spawn<wire>(net_, std::move(session)));
                // Both sides lose the node with the wire.
                net_.connections.push_back({wire_, caf::actor_cast<caf::actor>(this)});
                // Each side is told of the other's end, unless nothing gets through.
                auto on_end = [this](const caf::actor_addr&, const caf::error& why) {
                  if (net_.silent)
                    return;
                  compat::anon_send_exit(caf::actor_cast<caf::abstract_actor*>(wire_));
                  quit(why);
                };
                compat::on_down(this, caf::actor_cast<caf::actor>(y.session), on_end);
                compat::on_down(this, client_, on_end);
                y.session = caf::actor_cast<caf::strong_actor_ptr>(wire_);
                promise.deliver(std::move(y));
              },
              [promise](caf::error& what) mutable { promise.deliver(std::move(what)); });
          return promise;
        },
      };
    }

    void on_exit() override {
      real_ = nullptr;
      wire_ = nullptr;
      client_ = nullptr;
    }

  private:
    network& net_;
    gateway_actor real_;
    caf::actor wire_;
    caf::actor client_;
  };

  network& net_;
  gateway_actor real_;
  std::vector<caf::typed_response_promise<session_welcome>> lost_;
};

/// Finds the gateway while the network is up.
class test_connector final : public connector_actor::base {
public:
  test_connector(caf::actor_config& cfg, network& net, const gateway_actor& gateway)
    : connector_actor::base(cfg), net_(net), gateway_(gateway) {
  }

  behavior_type make_behavior() override {
    return {
      [this](const connect_request&) -> caf::result<caf::strong_actor_ptr> {
        ++attempts;
        if (!net_.up)
          return caf::make_error(errc::unreachable, "connection refused");
        return caf::actor_cast<caf::strong_actor_ptr>(gateway_);
      },
    };
  }

  inline static int attempts = 0;

private:
  network& net_;
  const gateway_actor& gateway_;
};

/// An actor that asks a client actor, and records the answers.
class user_actor final : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[this](const lock_lost& x) { lost.push_back(x); }};
  }

  const char* name() const override {
    return "user";
  }

  std::vector<lock_lost> lost;
};

/// The answer to one request of a user.
template <class T>
struct outcome {
  std::optional<T> value;
  std::optional<caf::error> why;
  int times = 0;

  bool is(errc code) const {
    return why && *why == code;
  }
};

class user {
public:
  user(caf::actor_system& sys, lockserver::client_actor locks)
    : handle_(sys.spawn<user_actor>()),
      self_(caf::actor_cast<user_actor*>(handle_)),
      locks_(std::move(locks)) {
  }
  ~user() {
    end();
  }
  user(const user&) = delete;
  user& operator=(const user&) = delete;

  template <class Reply, class Request>
  std::shared_ptr<outcome<Reply>> ask(Request x) {
    auto result = std::make_shared<outcome<Reply>>();
    compat::request(self_, locks_, std::move(x))
      .then(
        [result](const Reply& y) {
          result->value = y;
          ++result->times;
        },
        [result](const caf::error& y) {
          result->why = y;
          ++result->times;
        });
    return result;
  }

  std::shared_ptr<outcome<lock_grant>> acquire(acquire_lock x) {
    return ask<lock_grant>(std::move(x));
  }
  std::shared_ptr<outcome<lock_grant>> acquire(const std::string& key, caf::timespan ttl,
                                               caf::timespan wait = {}) {
    acquire_lock x{key};
    x.ttl = ttl;
    x.wait = wait;
    return acquire(std::move(x));
  }
  std::shared_ptr<outcome<bool>> release(const std::string& key) {
    return ask<bool>(release_request{key, {}});
  }

  const std::vector<lock_lost>& lost() const {
    return self_->lost;
  }

  /// Ends the actor.
  void end() {
    if (self_ != nullptr)
      compat::anon_send_exit(self_);
    self_ = nullptr;
    handle_ = nullptr;
  }

private:
  caf::actor handle_;
  user_actor* self_; // kept alive by the handle
  lockserver::client_actor locks_;
};

/// A server, and any number of clients.
struct client_world : lock_fixture {
  client_world() {
    context.last_ticket = 1'000'000; // `ask` has its own numbers
    context.reachable = std::make_shared<reachable_actors>();
    gateway = caf::actor_cast<gateway_actor>(world.system().spawn<lockserver::gateway>(context));
    far = caf::actor_cast<gateway_actor>(world.system().spawn<far_gateway>(net, gateway));
    own_actors = world.actors();
    world.run();
  }

  ~client_world() {
    net.cut();
    end_clients();
    compat::anon_send(far, shut_down{});
    stop_gateway();
    far = nullptr;
    world.run();
  }

  void stop_gateway() {
    if (gateway)
      compat::anon_send(gateway, shut_down{});
    gateway = nullptr;
    world.run();
  }

  /// Makes a client of the server. It connects as far as the network allows.
  lockserver::client_actor new_client(client_actor_options options = {}) {
    auto connector
      = caf::actor_cast<connector_actor>(world.system().spawn<test_connector>(net, far));
    auto result
      = caf::actor_cast<lockserver::client_actor>(world.system().spawn<lockserver::lock_client>(
        lockserver::lock_client::target{connector, "server", 8005}, std::move(options),
        std::shared_ptr<timers>{&world.time(), [](timers*) {}}));
    clients.push_back(result);
    world.run();
    return result;
  }

  void end_clients() {
    for (auto& x : std::exchange(clients, {}))
      compat::anon_send_exit(caf::actor_cast<caf::abstract_actor*>(x));
    world.run();
  }

  std::unique_ptr<user> new_user(const lockserver::client_actor& locks) {
    return std::make_unique<user>(world.system(), locks);
  }

  /// Who holds the key and who waits, as the server says.
  lock_info look(const std::string& key) {
    auto x = ask->ask_any<lock_info>(registry, inspect_request{key, true});
    world.run();
    return x->value.value_or(lock_info{});
  }
  bool is_free(const std::string& key) {
    return look(key).holders.empty();
  }

  settings config;
  network net;
  access_control access{{}, 0, 0};
  audit_log audit;
  address_counts addresses{0};
  server_context context{config,    world.time(), log,   access,
                         audit,     addresses,    keys,  env,
                         {},        [] {},        [] {}, [] { return lockserver::counts{}; },
                         dialect_of};
  gateway_actor gateway;
  gateway_actor far;
  std::vector<lockserver::client_actor> clients;
};

} // namespace lockserver::test
