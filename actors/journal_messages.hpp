// What the actors say to the journal, and what it says to them: see
// actors/journal.hpp.
#pragma once

#include "actors/messages.hpp"
#include "actors/rules/stored.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lockserver {

// -- to the journal -----------------------------------------------------------

/// A grant that is not to be stored any more.
struct ended_record {
  std::uint64_t token = 0;
  std::uint64_t lease = 0; ///< Not 0: the leases have to hear of it.
};

/// From a key: its holders have changed.
struct lock_entry {
  std::string key;
  std::uint64_t number = 0; ///< Counts the entries of the key, as long as any may be refused.
  std::vector<grant_record> granted{}; ///< Or renewed.
  std::vector<ended_record> ended{};
  /// Nobody asked for it: its time, its lease or its client was over. What has ended
  /// stays ended also when it cannot be stored now.
  bool final = false;

  bool empty() const noexcept {
    return granted.empty() && ended.empty();
  }
};

/// An answer that is held back until all is durable that was sent before, and `entry`;
/// until the store has shown besides, if need be, that nobody else writes (see
/// `lock_environment::may_tell`). Answered by `reply` then; if something that it depends
/// on cannot be stored, by the status `store_failed`.
template <class Reply>
struct durable {
  lock_entry entry; ///< What is answered has changed; perhaps nothing. No key: of the leases.
  Reply reply;
};

/// The same for what has no such status: if what it depends on cannot be stored, the
/// `request` is put again, behind `roll_back_key`.
struct durable_check {
  check_request request;
  bool reply = false;
};
struct durable_look {
  inspect_request request;
  lock_info reply;
};
struct durable_names {
  list_request request;
  key_names reply;
};

/// What to send to the journal in place of an answer.
inline durable_check held_back(const check_request& x, bool reply) {
  return {x, reply};
}
inline durable_look held_back(const inspect_request& x, lock_info&& reply) {
  return {x, std::move(reply)};
}
inline durable_names held_back(const list_request& x, key_names&& reply) {
  return {x, std::move(reply)};
}
inline durable<release_reply> held_back(const release_request& x, release_reply&& reply) {
  return {lock_entry{x.key}, std::move(reply)};
}
inline durable<acquire_reply> held_back(const renew_request& x, acquire_reply&& reply) {
  return {lock_entry{x.key}, std::move(reply)};
}

/// From the leases: one was made, renewed or ended. Answered by whether it is
/// durable.
struct lease_entry {
  enum : std::uint8_t { made, renewed, ended };
  std::uint8_t what = made;
  lease_record lease;
};

/// From the leases: their time was over, see `lock_entry::final`. No answer.
struct leases_expired {
  std::vector<std::uint64_t> ids;
};

/// From a key: it has done what `roll_back_key` said.
struct key_rolled_back {
  std::string key;
};

/// From the journal to itself, behind all that has arrived: store it.
struct commit_now {};

// -- to keys and leases, through their registry -------------------------------

/// To a key, which is spawned if need be, before the first request: these hold it.
struct restore_key {
  std::string key;
  std::vector<grant_record> holders;
};

/// To a key: its `lock_entry` of that number, and all behind it, cannot be stored. It
/// undoes them, refuses who waits (`store_failed`), and says `key_rolled_back`.
struct roll_back_key {
  std::string key;
  std::uint64_t number = 0;
};

/// To all keys: refuse who waits (`store_failed`). Answered by a key, by nothing, when it
/// has begun to.
struct refuse_waiters {};

/// From a registry to a key: one of these, or that a lease has ended. They are one message,
/// because each kind of message that an actor takes costs it 40 bytes, and there may be a
/// million keys.
struct key_notice {
  std::variant<lease_ended, restore_key, roll_back_key, refuse_waiters> what;
};

/// To the leases, before the first request: no id up to this one is to be used again.
struct used_lease_ids {
  std::uint64_t last = 0;
};

/// To the leases, before the first request: this one lives.
struct restore_lease {
  lease_record lease;
};

/// From a key to the leases: a grant with this lease is back.
struct lease_regranted {
  std::uint64_t lease = 0;
  std::string key;
  std::uint64_t token = 0;
};

} // namespace lockserver
