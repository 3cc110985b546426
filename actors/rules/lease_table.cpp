#include "actors/rules/lease_table.hpp"

#include "actors/rules/holder_name.hpp"

#include <algorithm>

namespace lockserver {

// -- leases -------------------------------------------------------------------

std::shared_ptr<const void> lease_table::reserve() {
  if (leases_.size() + *reserved_ >= limits_->max_leases)
    return nullptr;
  ++*reserved_;
  // Also called if this throws.
  return {reserved_.get(), [counter = reserved_](const void*) { --*counter; }};
}

lease_record lease_table::make(time_point now, std::string name, std::string owner,
                               duration ttl) noexcept {
  return {++last_id_, std::move(name), std::move(owner), ttl, now.time_since_epoch() + ttl};
}

const lease_table::lease& lease_table::add(const lease_record& x) {
  last_id_ = std::max(last_id_, x.id);
  time_point expires_at{x.expires_at};
  auto i = leases_.emplace(x.id, lease{x.id, x.name, x.owner, x.ttl, expires_at, expires_at}).first;
  try {
    by_name_.emplace(x.name, x.id);
    by_expiry_.emplace(expires_at, x.id);
  } catch (...) {
    by_name_.erase(x.name);
    leases_.erase(i);
    throw;
  }
  return i->second;
}

std::optional<lease_record> lease_table::renew(time_point now, const std::string& name) {
  auto* x = find_mutable(now, name);
  if (x == nullptr)
    return std::nullopt;
  std::optional<lease_record> result{
    {x->id, x->name, x->owner, x->ttl, (now + x->ttl).time_since_epoch()}};
  set_expiry(*x, now + x->ttl);
  return result;
}

const lease_table::lease* lease_table::confirm_renewal(time_point now,
                                                       const lease_record& x) noexcept {
  auto i = leases_.find(x.id);
  if (i == leases_.end() || i->second.expires_at <= now)
    return nullptr;
  i->second.promised = time_point{x.expires_at};
  return &i->second;
}

void lease_table::undo_renewal(time_point now, const lease_record& x) noexcept {
  auto i = leases_.find(x.id);
  if (i == leases_.end() || i->second.expires_at <= now)
    return;
  if (i->second.expires_at == time_point{x.expires_at})
    set_expiry(i->second, i->second.promised);
}

const lease_table::lease* lease_table::find(time_point now, const std::string& name) const {
  auto named = by_name_.find(name);
  if (named == by_name_.end())
    return nullptr;
  auto& x = leases_.at(named->second);
  return now < x.expires_at ? &x : nullptr;
}

lease_table::lease* lease_table::find_mutable(time_point now, const std::string& name) {
  auto* found = find(now, name);
  return found == nullptr ? nullptr : &leases_.at(found->id);
}

const lease_table::lease* lease_table::first_over(time_point now) const {
  if (by_expiry_.empty() || by_expiry_.begin()->first > now)
    return nullptr;
  return &leases_.at(by_expiry_.begin()->second);
}

std::optional<time_point> lease_table::next_expiry() const noexcept {
  if (by_expiry_.empty())
    return std::nullopt;
  return by_expiry_.begin()->first;
}

void lease_table::end(lease_id id, share_map& keys) noexcept {
  auto i = leases_.find(id);
  keys = std::move(i->second.keys);
  by_expiry_.erase({i->second.expires_at, id});
  by_name_.erase(i->second.name);
  leases_.erase(i);
}

void lease_table::set_expiry(lease& x, time_point expires_at) noexcept {
  auto place = by_expiry_.extract({x.expires_at, x.id}); // does not allocate
  place.value().first = expires_at;
  by_expiry_.insert(std::move(place));
  x.expires_at = expires_at;
}

// -- locks of leases ----------------------------------------------------------

lease_table::attachment lease_table::begin_attach(time_point now, const std::string& name,
                                                  std::string_view owner, const std::string& key) {
  auto* x = find_mutable(now, name);
  if (x == nullptr)
    return {errc::lease_expired};
  auto maker = parts_of(x->owner);
  auto asker = parts_of(owner);
  if (maker.identity != asker.identity)
    return {errc::forbidden};
  if (!maker.owner.empty() && maker.owner != asker.owner)
    return {errc::wrong_owner};
  if (x->locks >= limits_->max_locks)
    return {errc::too_many_locks};
  ++x->keys[key].under_way;
  ++x->locks;
  return {errc::ok, x->id};
}

void lease_table::cancel_attach(lease_id id, const std::string& key) noexcept {
  change_share(id, key, [](share& has) {
    --has.under_way;
    return std::size_t{1};
  });
}

std::optional<time_point> lease_table::attach(time_point now, lease_id id, const std::string& key,
                                              std::uint64_t token) {
  auto i = leases_.find(id);
  if (i == leases_.end())
    return std::nullopt;
  auto& has = i->second.keys.at(key);
  if (!has.tokens.insert(token).second)
    --i->second.locks; // it was counted twice: for the first request and for its repeat
  --has.under_way;
  if (i->second.expires_at <= now)
    return std::nullopt;
  return i->second.promised;
}

void lease_table::detach(lease_id id, const std::string& key, std::uint64_t token) noexcept {
  change_share(id, key, [token](share& has) { return has.tokens.erase(token); });
}

bool lease_table::restore(lease_id id, const std::string& key, std::uint64_t token) {
  auto i = leases_.find(id);
  if (i == leases_.end())
    return false;
  i->second.locks += i->second.keys[key].tokens.insert(token).second ? 1 : 0;
  return true;
}

// `change` returns by how much the number of locks decreases.
template <class F>
void lease_table::change_share(lease_id id, const std::string& key, F change) noexcept {
  auto i = leases_.find(id);
  if (i == leases_.end())
    return;
  auto& keys = i->second.keys;
  auto has = keys.find(key);
  if (has == keys.end())
    return;
  i->second.locks -= change(has->second);
  if (has->second.under_way == 0 && has->second.tokens.empty())
    keys.erase(has);
}

} // namespace lockserver
