#include "actors/leases.hpp"

#include "actors/quoted.hpp"
#include "actors/rules/answer_room.hpp"
#include "actors/rules/random_name.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <iterator>
#include <string_view>

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

// Locks on a page, for who did not say how many.
constexpr std::uint64_t default_page = 100;

} // namespace

leases::leases(caf::actor_config& cfg, std::shared_ptr<const registries> keys,
               lock_environment& env)
  : leases_actor::base(cfg), keys_(std::move(keys)), env_(env), wake_up_(env.time, this) {
}

leases_actor::behavior_type leases::make_behavior() {
  return guarded(
    *this, [](leases& self, lease_acquire_request& x) { return self.acquire(x); },
    [](leases& self, const lease_create_request& x) { return self.create(x); },
    [](leases& self, const lease_renew_request& x) { return self.renew(x.lease); },
    [](leases& self, const lease_inspect_request& x) { return self.inspect(x); },
    [](leases& self, const lease_ttl_request& x) -> caf::result<lease_reply> {
      return self.look(x.lease);
    },
    [](leases& self, const lease_end_request& x) { return self.end(x.lease); },
    [](leases& self, withdraw_request& x) {
      compat::send(&self, self.keys_->of(x.key), std::move(x));
    },
    [](leases& self, const lease_answered& x) {
      self.change_share(x.lease, x.key, [&](share& has) {
        --has.unanswered;
        auto is_new = x.token != 0 && has.tokens.insert(x.token).second;
        return is_new ? 0 : -1; // it was counted when it was asked for
      });
    },
    [](leases& self, const lease_released& x) {
      self.change_share(x.lease, x.key,
                        [&](share& has) { return -static_cast<int>(has.tokens.erase(x.token)); });
    },
    [](leases& self, const lease_regranted& x) { self.regrant(x); },
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

caf::result<acquire_reply> leases::acquire(lease_acquire_request& x) {
  acquire_reply refused;
  auto i = find(x.lease);
  if (i == leases_.end()) {
    refused.status = acquire_reply::lease_expired;
    return refused;
  }
  if (!i->second.owner.empty() && i->second.owner != x.request.owner) {
    refused.status = acquire_reply::wrong_owner;
    return refused;
  }
  if (i->second.locks >= env_.max_locks_per_lease) {
    refused.status = acquire_reply::too_many_locks;
    return refused;
  }
  auto& has = i->second.keys[x.request.key];
  x.request.lease = i->first;
  x.request.ttl = forever;
  auto& registry = keys_->of(x.request.key);
  auto result = compat::delegate(this, registry, std::move(x.request));
  ++i->second.locks; // once it is on its way: else nobody would count it off
  ++has.unanswered;
  return result;
}

caf::result<lease_reply> leases::create(const lease_create_request& x) {
  expire_some();
  lease_reply reply;
  if (leases_.size() + being_made_ >= env_.max_leases) {
    reply.status = lease_reply::too_many_leases;
    return reply;
  }
  lease_record made{++last_id_, random_name(), x.owner, x.ttl,
                    env_.time.now().time_since_epoch() + x.ttl};
  auto on_stored = [this, made](promise& answer) {
    --being_made_;
    env_.log.debug("lease made: lease={}… owner={}", short_name(made.name), quoted{made.owner});
    answer.deliver(add(made));
  };
  // Once what follows is over, in whatever way, it is counted there, or not at all.
  const auto others = being_made_++;
  try {
    return store({lease_entry::made, made}, std::move(on_stored), [this] { --being_made_; });
  } catch (...) {
    being_made_ = others;
    throw;
  }
}

// Its new time counts at once, whatever the disk takes; nobody is told of it before
// it is stored.
caf::result<lease_reply> leases::renew(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return lease_reply{};
  auto& [id, x] = *i;
  auto after = env_.time.now() + x.ttl;
  set_expiry(x, id, after);
  return store(
    {lease_entry::renewed, {id, name, x.owner, x.ttl, after.time_since_epoch()}},
    [this, name, after](promise& answer) {
      auto renewed = find(name);
      lease_reply reply;
      if (renewed != leases_.end()) {
        renewed->second.promised = after;
        reply = {lease_reply::alive, name, renewed->second.ttl};
      }
      answer.deliver(std::move(reply));
    },
    [this, name, after] {
      auto renewed = find(name);
      if (renewed != leases_.end() && renewed->second.expires_at == after) {
        set_expiry(renewed->second, renewed->first, renewed->second.promised);
        set_alarm();
      }
    });
}

// Others want to see the locks, and of those the keys have told before they are stored.
caf::result<lease_reply> leases::inspect(const lease_inspect_request& question) {
  auto reply = look(question.lease);
  if (auto i = find(question.lease); i != leases_.end())
    add_page(reply, i->second, question);
  if (!env_.journal)
    return reply;
  return compat::delegate(this, env_.journal, durable<lease_reply>{{}, std::move(reply)});
}

lease_reply leases::look(const std::string& lease) {
  auto i = find(lease);
  if (i == leases_.end())
    return {};
  auto& x = i->second;
  return {lease_reply::alive, x.name,
          std::max<duration>(x.promised - env_.time.now(), duration::zero()), true};
}

// The locks of a key stay together, since the next page begins behind a key.
void leases::add_page(lease_reply& to, const entry& x, const lease_inspect_request& question) {
  auto most = question.limit == 0 ? default_page : question.limit;
  answer_room room;
  std::uint64_t taken = 0; // locks, and keys without any
  for (auto i = x.keys.upper_bound(question.after); i != x.keys.end(); ++i) {
    auto& tokens = i->second.tokens;
    auto size = std::max<std::uint64_t>(tokens.size(), 1);
    auto fits = taken + size <= most;
    for (auto n = size; n > 0 && fits; --n)
      fits = room.take(i->first);
    if (!fits && taken > 0) {
      to.next = std::prev(i)->first;
      return;
    }
    taken += size;
    for (auto token : tokens)
      to.locks.push_back({i->first, token});
  }
}

caf::result<lease_reply> leases::end(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return lease_reply{};
  return store(
    {lease_entry::ended, {.id = i->first, .name = name}},
    [this, name](promise& answer) {
      auto ended = find(name);
      if (ended == leases_.end()) {
        answer.deliver(lease_reply{});
        return;
      }
      env_.log.debug("lease ended: lease={}… owner={}", short_name(name),
                     quoted{ended->second.owner});
      remove(ended, answer);
    },
    [] {});
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
template <class F>
void leases::attempt(promise& answer, const F& f) {
  try {
    return f(answer);
  } catch (...) {
    on_exception();
  }
  fail(answer);
}

void leases::fail(promise& answer) noexcept {
  try {
    if (answer.pending())
      answer.deliver(caf::make_error(caf::sec::runtime_error));
  } catch (...) { // whoever asked has a deadline
  }
}

lease_reply leases::add(const lease_record& x) {
  last_id_ = std::max(last_id_, x.id);
  time_point expires_at{x.expires_at};
  auto i = leases_.emplace(x.id, entry{x.name, x.owner, x.ttl, expires_at, expires_at}).first;
  try {
    by_name_.emplace(x.name, x.id);
    by_expiry_.emplace(expires_at, x.id);
  } catch (...) {
    by_name_.erase(x.name);
    leases_.erase(i);
    throw;
  }
  env_.leases = leases_.size();
  set_alarm();
  return {lease_reply::alive, x.name, x.ttl};
}

void leases::set_expiry(entry& x, lease_id id, time_point expires_at) {
  auto place = by_expiry_.extract({x.expires_at, id}); // allocates nothing
  place.value().first = expires_at;
  by_expiry_.insert(std::move(place));
  x.expires_at = expires_at;
}

// A key has gone back, or comes from the store: it may have a grant of a lease
// that has ended meanwhile.
void leases::regrant(const lease_regranted& x) {
  if (auto i = leases_.find(x.lease); i != leases_.end()) {
    i->second.locks += i->second.keys[x.key].tokens.insert(x.token).second ? 1 : 0;
    return;
  }
  auto late = std::make_shared<ending>(ending{x.lease, {}, {}, {}, {}});
  late->keys.try_emplace(x.key);
  endings_.push_back(std::move(late));
  tell_keys();
}

// The lease of that name unless its time is over.
leases::lease_map::iterator leases::find(const std::string& name) {
  auto named = by_name_.find(name);
  if (named == by_name_.end())
    return leases_.end();
  auto i = leases_.find(named->second);
  return env_.time.now() < i->second.expires_at ? i : leases_.end();
}

// Whatever is left has its turn at the alarm.
void leases::expire_some() {
  auto now = env_.time.now();
  leases_expired expired;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now
         && expired.ids.size() < endings_per_turn) {
    auto i = leases_.find(by_expiry_.begin()->second);
    env_.log.debug("lease expired: lease={}… owner={}", short_name(i->second.name),
                   quoted{i->second.owner});
    expired.ids.push_back(i->first);
    remove(i);
  }
  if (!env_.journal || expired.ids.empty())
    return;
  compat::send(this, env_.journal, std::move(expired));
}

// The lease is over at once; its keys hear of it some at a time, and then
// `answer` is given.
void leases::remove(lease_map::iterator x, promise answer) {
  auto& [id, gone] = *x;
  auto all = std::make_shared<ending>(ending{id, gone.name, {}, {}, std::move(answer)});
  if (!gone.keys.empty())
    endings_.push_back(all);
  // It is over, or nothing has happened: from here on nothing throws.
  all->keys = std::move(gone.keys);
  by_expiry_.erase({gone.expires_at, id});
  by_name_.erase(gone.name);
  leases_.erase(x);
  env_.leases = leases_.size();
  if (all->keys.empty())
    return finish(*all);
  tell_keys();
}

// One key of each lease in turn, so that one with few does not wait for one with many.
void leases::tell_keys() {
  while (!endings_.empty() && told_.has_room()) {
    auto all = endings_.front();
    tell_key(all);
    if (!all->keys.empty())
      endings_.push_back(all);
    endings_.pop_front();
  }
}

// Tells the first that is left. A key that could not do what it was told would keep its
// lock for good: it is told again.
void leases::tell_key(const std::shared_ptr<ending>& x) {
  auto key = x->told.insert(x->keys.extract(x->keys.begin())).position;
  auto on_heard = guarded_call(*this, [this, x, key] {
    told_.end();
    x->told.erase(key);
    if (x->keys.empty() && x->told.empty())
      finish(*x);
    tell_keys();
  });
  auto on_error = [this, x, key, on_heard](const caf::error& what) {
    if (what != caf::sec::runtime_error)
      return on_heard(); // its registry has ended, since the server stops
    told_.end();
    if (x->keys.empty())
      endings_.push_back(x);
    x->keys.insert(x->told.extract(key));
    wake_up_.no_later_than(env_.time.now() + retry_pause);
  };
  try {
    compat::request(this, keys_->of(key->first), lease_ended{key->first, x->id})
      .then(on_heard, guarded_answer(*this, on_error));
  } catch (...) {
    x->keys.insert(x->told.extract(key));
    throw;
  }
  told_.begin();
}

void leases::finish(ending& x) {
  if (x.answer.pending())
    attempt(x.answer, [&x](promise& answer) {
      answer.deliver(lease_reply{lease_reply::alive, x.name});
    });
}

// What comes when the lease has ended is of no interest any more.
template <class F>
void leases::change_share(lease_id id, const std::string& key, F change) {
  auto i = leases_.find(id);
  if (i == leases_.end())
    return;
  auto& keys = i->second.keys;
  auto has = keys.find(key);
  if (has == keys.end())
    return;
  i->second.locks += static_cast<std::size_t>(change(has->second));
  if (has->second.unanswered == 0 && has->second.tokens.empty())
    keys.erase(has);
}

void leases::set_alarm() {
  if (!by_expiry_.empty())
    wake_up_.no_later_than(by_expiry_.begin()->first);
}

} // namespace lockserver
