// What the actors say to the journal, and what it says to them: see
// actors/journal.hpp.
#pragma once

#include "actors/messages.hpp"
#include "actors/rules/stored.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

// -- to the journal -----------------------------------------------------------

/// From a key: its holders have changed.
struct lock_entry {
  std::string key;
  std::vector<grant_record> granted{}; ///< Or renewed.
  std::vector<std::uint64_t> ended{};  ///< Tokens.
  /// It was nobody's wish, but its time or its client was over: what has ended
  /// stays ended also when it cannot be stored now.
  bool final = false;
  /// The holders to go back to when it cannot be stored.
  std::vector<grant_record> before{};
};

/// From a key or the leases: an answer that depends on what they have sent
/// before. Answered by `reply` when that is durable; if it cannot be stored, by
/// the status `store_failed`.
template <class Reply>
struct durable {
  std::string key; ///< Empty: of the leases.
  Reply reply;
};

/// The same for what cannot be refused: if that cannot be stored, the `request`
/// is put again, behind the way back.
struct durable_check {
  check_request request;
  bool reply = false;
};
struct durable_look {
  inspect_request request;
  lock_info reply;
};

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

/// From a key: it has gone back, as `restore_key` said.
struct key_restored {
  std::string key;
};

/// From the journal to itself, behind all that has arrived: store it.
struct commit_now {};

// -- to keys and leases, through their registry -------------------------------

/// To a key, which is spawned if need be: these hold it.
struct restore_key {
  std::string key;
  std::vector<grant_record> holders;
  /// Nobody else does, those who wait are refused (`store_failed`), and the
  /// journal is told (`key_restored`). Otherwise they join the holders.
  bool go_back = false;
};

/// To all keys: refuse who waits (`store_failed`). Answered by a key, by nothing, when it
/// has begun to.
struct refuse_waiters {};

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
