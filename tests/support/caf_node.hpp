// A node of a CAF program for a test: an actor system with CAF's network, a client actor,
// and user actors that ask for the tests.
#pragma once

#include "actors/compat/messaging.hpp"
#include "lockserver/client_actor.hpp"
#include "tests/support/raw_client.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// The result of one request. Thread-safe.
template <class T>
class outcome {
public:
  /// Waits for the answer. Throws `std::runtime_error` if none comes.
  outcome& wait(std::chrono::milliseconds limit = patience) {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, limit, [this] { return times_ > 0; }))
      throw std::runtime_error{"a request was not answered in time"};
    return *this;
  }

  bool answered() const {
    return times() > 0;
  }
  int times() const {
    std::lock_guard guard{mutex_};
    return times_;
  }

  // All of these wait for the answer.

  /// The value; throws `std::runtime_error` with the error's sentence.
  const T& value() {
    wait();
    if (!value_)
      throw std::runtime_error{to_string(code_) + ": " + detail_};
    return *value_;
  }
  bool is(lockserver::errc code) {
    wait();
    return why_ && *why_ == code;
  }
  std::string detail() {
    return wait().detail_;
  }
  clock::time_point at() {
    return wait().at_;
  }

  void set(T x) {
    std::lock_guard guard{mutex_};
    value_ = std::move(x);
    count();
  }
  void fail(const caf::error& x) {
    std::lock_guard guard{mutex_};
    why_ = x;
    detail_ = lockserver::detail_of(x);
    code_ = static_cast<lockserver::errc>(x.code());
    count();
  }

private:
  void count() {
    if (++times_ == 1)
      at_ = clock::now();
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  clock::time_point at_;
  std::optional<T> value_;
  std::optional<caf::error> why_;
  std::string detail_;
  lockserver::errc code_{};
};

template <class T>
using outcome_ptr = std::shared_ptr<outcome<T>>;

/// The actor of a `caf_user`. It runs the tasks that other threads add.
class user_actor final : public caf::event_based_actor {
public:
  struct loss {
    lockserver::lock_lost what;
    clock::time_point at;
  };

  struct shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void(caf::event_based_actor*)>> jobs;
    std::vector<loss> lost;
  };

  user_actor(caf::actor_config& cfg, std::shared_ptr<shared> with)
    : caf::event_based_actor(cfg), with_(std::move(with)) {
  }

  caf::behavior make_behavior() override;

  const char* name() const override {
    return "user";
  }

private:
  std::shared_ptr<shared> with_;
};

/// An actor that asks a client actor, for threads that are no actors. Ends with this
/// object.
class caf_user {
public:
  caf_user(caf::actor_system& sys, lockserver::client_actor locks);
  caf_user(const caf_user&) = delete;
  caf_user& operator=(const caf_user&) = delete;
  ~caf_user() {
    end();
  }

  template <class Reply, class Request>
  outcome_ptr<Reply> ask(Request x) {
    auto result = std::make_shared<outcome<Reply>>();
    post([result, x = std::move(x), locks = locks_](caf::event_based_actor* self) {
      lockserver::compat::request(self, locks, x)
        .then([result](const Reply& y) { result->set(y); },
              [result](const caf::error& y) { result->fail(y); });
    });
    return result;
  }

  outcome_ptr<lockserver::lock_grant> acquire(lockserver::acquire_lock x) {
    return ask<lockserver::lock_grant>(std::move(x));
  }
  outcome_ptr<lockserver::lock_grant> acquire(const std::string& key, caf::timespan ttl,
                                              caf::timespan wait = {}) {
    lockserver::acquire_lock x{key};
    x.ttl = ttl;
    x.wait = wait;
    return acquire(std::move(x));
  }
  outcome_ptr<bool> release(const std::string& key) {
    return ask<bool>(lockserver::release_request{key, {}});
  }
  outcome_ptr<bool> verify(const std::string& key) {
    return ask<bool>(lockserver::verify_lock{key});
  }

  /// Waits for the message that the lock of `key` is lost.
  user_actor::loss loss_of(const std::string& key, std::chrono::milliseconds limit = patience);

  /// The number of losses that it was told of.
  std::size_t losses() const;

  const caf::actor& handle() const {
    return actor_;
  }

  /// Ends the actor.
  void end();

private:
  void post(std::function<void(caf::event_based_actor*)> job);

  std::shared_ptr<user_actor::shared> with_ = std::make_shared<user_actor::shared>();
  caf::actor actor_;
  lockserver::client_actor locks_;
};

/// Releases everything when it ends.
class caf_node {
public:
  explicit caf_node(std::uint16_t port, lockserver::client_actor_options options = {});
  caf_node(const caf_node&) = delete;
  caf_node& operator=(const caf_node&) = delete;
  ~caf_node();

  std::unique_ptr<caf_user> new_user() {
    return std::make_unique<caf_user>(*system, locks);
  }

private:
  struct types {
    types() {
      lockserver::init_client_types();
    }
  };
  struct config : caf::actor_system_config {
    config();
  };

  types types_; // before any config
  config config_;

public:
  std::unique_ptr<caf::actor_system> system;
  lockserver::client_actor locks;
};

/// A port of this machine on which nobody listens.
std::uint16_t free_port();

} // namespace test
