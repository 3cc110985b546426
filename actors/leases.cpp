#include "actors/leases.hpp"

#include "actors/quoted.hpp"
#include "actors/rules/holder_name.hpp"
#include "actors/rules/random_name.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace lockserver {

namespace {

// In the log a lease goes by the first digits of its name, since the whole is
// all that is needed to end it.
std::string_view short_name(const std::string& name) {
  return std::string_view{name}.substr(0, 8);
}

// Leases that end in one turn, when the time of many is over at once.
constexpr std::size_t endings_per_turn = 64;

// Until what an exception has interrupted goes on.
constexpr auto retry_pause = std::chrono::milliseconds{10};

std::string bare(const std::string& name) {
  return std::string{parts_of(name).owner};
}

// Locks on a page, for who did not say how many.
constexpr std::uint64_t default_page = 100;

} // namespace

leases::leases(caf::actor_config& cfg, std::shared_ptr<const registries> keys,
               lock_environment& env)
  : leases_actor::base(cfg),
    keys_(std::move(keys)),
    env_(env),
    wake_up_(env.time, this),
    leases_(env.lease_limits) {
}

leases_actor::behavior_type leases::make_behavior() {
  return guarded(
    *this, [](leases& self, lease_acquire_request& x) { return self.acquire(x); },
    [](leases& self, const lease_create_request& x) { return self.create(x); },
    [](leases& self, const lease_renew_request& x) { return self.renew(x.lease); },
    [](leases& self, lease_inspect_request& x) { return self.inspect(x); },
    [](leases& self, const lease_end_request& x) { return self.end(x.lease); },
    [](leases& self, withdraw_request& x) {
      compat::send(&self, self.keys_->of(x.key), std::move(x));
    },
    [](leases& self, const lease_released& x) { self.leases_.detach(x.lease, x.key, x.token); },
    [](leases& self, const lease_regranted& x) { self.restore(x); },
    [](leases& self, const used_lease_ids& x) { self.leases_.stay_above(x.last); },
    [](leases& self, const restore_lease& x) { self.add(x.lease); },
    [](leases& self, shut_down) { self.quit(); },
    [](leases& self, deadline_reached) {
      self.wake_up_.arrived();
      self.expire_some();
      self.tell_keys();
      self.set_alarm();
    });
}

void leases::on_exit() {
  wake_up_.clear();
  env_.leases -= leases_.size();
  keys_ = nullptr;
  endings_.clear();
}

// What is due goes on soon, without a load on a machine that is short of memory.
void leases::on_exception() noexcept {
  log_exception(env_.log, "leases");
  try {
    set_alarm();
    if (!endings_.empty())
      wake_up_.no_later_than(env_.time.now() + retry_pause);
  } catch (...) { // the next message that sets it makes up for it
  }
}

// If the key fails, or nobody knows whether it has been asked, it may have a grant of
// the lease: it stays among its keys, and hears when the lease ends.
caf::result<acquire_reply> leases::acquire(lease_acquire_request& x) {
  auto& request = x.request;
  auto [status, id] = leases_.begin_attach(env_.time.now(), bare(x.lease), request.owner,
                                           request.key);
  if (status != errc::ok) {
    acquire_reply refused;
    refused.status = status;
    return tell(std::move(refused));
  }
  request.lease = id;
  request.ttl = forever;
  auto answer = make_response_promise<acquire_reply>();
  try {
    auto& key = request.key;
    auto on_reply = [this, answer, id = id, key](acquire_reply& reply) {
      auto to = answer;
      attempt(to, [&](auto& asker) {
        attach(id, key, reply);
        asker.deliver(std::move(reply));
      });
    };
    auto on_error = [this, answer, id = id, key](const caf::error& what) {
      if (what == errc::cancelled)
        leases_.cancel_attach(id, key);
      auto to = answer;
      to.deliver(what);
    };
    auto& registry = keys_->of(key);
    compat::request(this, registry, std::move(request))
      .then(guarded_answer(*this, std::move(on_reply)), guarded_answer(*this, std::move(on_error)));
  } catch (...) {
    fail(answer);
    throw;
  }
  return answer;
}

// What a key has answered. It does not know how long its grant lasts.
void leases::attach(lease_id id, const std::string& key, acquire_reply& x) {
  using std::chrono::microseconds;
  if (x.status != acquire_reply::granted)
    return leases_.cancel_attach(id, key);
  auto now = env_.time.now();
  auto until = leases_.attach(now, id, key, x.token);
  if (!until) { // and the key hears of that
    auto waited = x.waited;
    x = {};
    x.status = acquire_reply::lease_expired;
    x.waited = waited;
    return;
  }
  x.ttl = std::max<duration>(*until - now, duration::zero());
  auto end = env_.time.wall_now().time_since_epoch() + x.ttl;
  x.expires_at = std::chrono::duration_cast<microseconds>(end).count();
}

caf::result<lease_reply> leases::create(const lease_create_request& x) {
  expire_some();
  auto room = leases_.reserve();
  if (!room) {
    lease_reply reply;
    reply.status = lease_reply::too_many_leases;
    return reply;
  }
  auto made = leases_.make(env_.time.now(), random_name(), x.owner, x.ttl);
  return store(
    {lease_entry::made, made},
    [this, made, room](promise& answer) {
      env_.log.debug("lease made: lease={}… {}", short_name(made.name), logged_holder{made.owner});
      add(made);
      answer.deliver(lease_reply{lease_reply::alive, made.name, made.ttl});
    },
    [] {});
}

// The lease that a client calls so, if it is a lease of this client's identity.
leases::named leases::find(const std::string& name) const {
  auto asked = parts_of(name);
  auto* x = leases_.find(env_.time.now(), std::string{asked.owner});
  if (x == nullptr)
    return {lease_reply::expired, nullptr};
  if (asked.identity != any_identity && asked.identity != parts_of(x->owner).identity)
    return {errc::forbidden, nullptr};
  return {lease_reply::alive, x};
}

// Its new time counts at once, whatever the disk takes; nobody is told of it before
// it is stored.
caf::result<lease_reply> leases::renew(const std::string& name) {
  auto [status, x] = find(name);
  if (x == nullptr)
    return tell(lease_reply{status});
  auto renewed = leases_.renew(env_.time.now(), x->name);
  return store(
    {lease_entry::renewed, *renewed},
    [this, what = *renewed](promise& answer) {
      auto alive = leases_.confirm_renewal(env_.time.now(), what) != nullptr;
      answer.deliver(alive ? lease_reply{lease_reply::alive, what.name, what.ttl} : lease_reply{});
    },
    [this, what = *renewed] {
      leases_.undo_renewal(env_.time.now(), what);
      set_alarm();
    });
}

// The locks are those of grants that are stored: what keys have decided before the
// question is waited for, and then looked at.
caf::result<lease_reply> leases::inspect(lease_inspect_request& question) {
  auto now = env_.time.now();
  auto [status, x] = find(question.lease);
  lease_reply reply{status};
  if (x != nullptr)
    reply = {lease_reply::alive, x->name, std::max<duration>(x->promised - now, duration::zero()),
             true};
  if (reply.status != lease_reply::alive)
    return tell(std::move(reply));
  if (!env_.journal) {
    add_page(reply, question);
    return reply;
  }
  auto answer = make_response_promise<lease_reply>();
  auto on_stored = [this, answer, question = std::move(question)](lease_reply& stored) {
    auto to = answer;
    attempt(to, [&](promise& asker) {
      add_page(stored, question);
      asker.deliver(std::move(stored));
    });
  };
  auto on_error = [answer](const caf::error& what) {
    auto to = answer;
    to.deliver(what);
  };
  try {
    compat::request(this, env_.journal, durable<lease_reply>{{}, std::move(reply)})
      .then(guarded_answer(*this, std::move(on_stored)), guarded_answer(*this, on_error));
  } catch (...) {
    fail(answer);
    throw;
  }
  return answer;
}

void leases::add_page(lease_reply& to, const lease_inspect_request& question) const {
  auto* x = find(question.lease).lease;
  if (to.status != lease_reply::alive || x == nullptr)
    return;
  auto most = question.limit == 0 ? default_page : question.limit;
  to.next = lease_table::for_page(*x, question.after, most,
                                  [&to](const std::string& key, std::uint64_t token) {
                                    to.locks.push_back({key, token});
                                  });
}

caf::result<lease_reply> leases::end(const std::string& asked) {
  auto [status, x] = find(asked);
  if (x == nullptr)
    return tell(lease_reply{status});
  auto name = x->name;
  return store(
    {lease_entry::ended, {.id = x->id, .name = name}},
    [this, name](promise& answer) {
      auto* ended = leases_.find(env_.time.now(), name);
      if (ended == nullptr) {
        answer.deliver(lease_reply{});
        return;
      }
      env_.log.debug("lease ended: lease={}… {}", short_name(name), logged_holder{ended->owner});
      end(*ended, answer);
    },
    [] {});
}

// What depends on nothing that is under way.
template <class Reply>
caf::result<Reply> leases::tell(Reply x) {
  if (env_.may_tell())
    return x;
  return compat::delegate(this, env_.journal, durable<Reply>{{}, std::move(x)});
}

template <class F, class G>
caf::result<lease_reply> leases::store(lease_entry what, F f, G undo) {
  auto answer = make_response_promise<lease_reply>();
  if (!env_.journal) {
    attempt(answer, f);
    return answer;
  }
  lease_reply refused;
  refused.status = lease_reply::store_failed;
  if (!env_.writable()) {
    undo();
    answer.deliver(std::move(refused));
    return answer;
  }
  auto refuse = [undo, refused, answer] {
    undo();
    auto to = answer;
    to.deliver(refused);
  };
  auto on_stored = [this, f, answer, refuse](bool stored) {
    if (!stored)
      return refuse();
    auto to = answer;
    attempt(to, f);
  };
  try {
    compat::request(this, env_.journal, std::move(what))
      .then(guarded_answer(*this, std::move(on_stored)),
            guarded_answer(*this, [refuse](const caf::error&) { refuse(); }));
  } catch (...) {
    fail(answer);
    throw;
  }
  return answer;
}

// Calls `f` with `answer`, which is an error if `f` throws.
template <class Promise, class F>
void leases::attempt(Promise& answer, const F& f) {
  try {
    return f(answer);
  } catch (...) {
    on_exception();
  }
  fail(answer);
}

template <class Promise>
void leases::fail(Promise& answer) noexcept {
  try {
    if (answer.pending())
      answer.deliver(caf::make_error(caf::sec::runtime_error));
  } catch (...) { // whoever asked has a deadline
  }
}

void leases::add(const lease_record& x) {
  leases_.add(x);
  env_.leases = leases_.size();
  set_alarm();
}

// A key has rolled back, or comes from the store: it may have a grant of a lease
// that has ended meanwhile.
void leases::restore(const lease_regranted& x) {
  if (leases_.restore(x.lease, x.key, x.token))
    return;
  endings_.add(x.lease, {}, {},
               [one = lease_table::share_map{{x.key, {}}}](auto& keys) mutable { keys.swap(one); });
  tell_keys();
}

// Whatever is left has its turn at the alarm.
void leases::expire_some() {
  auto now = env_.time.now();
  leases_expired expired;
  while (expired.ids.size() < endings_per_turn) {
    auto* x = leases_.first_over(now);
    if (x == nullptr)
      break;
    env_.log.debug("lease expired: lease={}… {}", short_name(x->name), logged_holder{x->owner});
    expired.ids.push_back(x->id);
    end(*x);
  }
  if (!env_.journal || expired.ids.empty())
    return;
  compat::send(this, env_.journal, std::move(expired));
}

// The lease is over at once; its keys hear of it some at a time, and then
// `answer` is given.
void leases::end(const lease_table::lease& x, promise answer) {
  auto id = x.id;
  auto all = endings_.add(id, x.name, std::move(answer),
                          [&](auto& keys) { leases_.end(id, keys); });
  env_.leases = leases_.size();
  if (all->is_over())
    return finish(*all);
  tell_keys();
}

void leases::tell_keys() {
  while (!endings_.empty() && told_.has_room())
    endings_.tell_next([this](const notice& x) { tell_key(x); });
}

// A key that could not do what it was told would keep its lock for good: it is told
// again.
void leases::tell_key(const notice& x) {
  auto on_heard = guarded_call(*this, [this, x] {
    told_.end();
    if (endings_.heard(x))
      finish(*x.of);
    tell_keys();
  });
  auto on_error = [this, x, on_heard](const caf::error& what) {
    if (what != caf::sec::runtime_error)
      return on_heard(); // its registry has ended, since the server stops
    told_.end();
    endings_.tell_again(x);
    wake_up_.no_later_than(env_.time.now() + retry_pause);
  };
  compat::request(this, keys_->of(x.name()), lease_ended{x.name(), x.of->id})
    .then(on_heard, guarded_answer(*this, on_error));
  told_.begin();
}

void leases::finish(lease_endings<promise>::ending& x) {
  if (x.answer.pending())
    attempt(x.answer, [&x](promise& answer) {
      answer.deliver(lease_reply{lease_reply::alive, x.name});
    });
}

void leases::set_alarm() {
  if (auto next = leases_.next_expiry())
    wake_up_.no_later_than(*next);
}

} // namespace lockserver
