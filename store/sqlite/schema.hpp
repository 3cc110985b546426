// The tables of a store, by version.
#pragma once

#include "store/sqlite/sqlite.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

/// What SQLite writes into the head of a file that is ours: "lock".
inline constexpr std::int64_t store_application_id = 0x6c6f636b;

/// Whether the latest changes of a store are only in its log, and whether that
/// waits for the disk.
///
/// SQLite copies the log into the file from time to time. Before it does, the
/// store notes in the log that it is in use, and behind that, when the copy is
/// made, that it is closed. So the file alone says that something is missing. But
/// the file with its log says that nothing is, and so does whatever SQLite makes
/// of both: a backup, or the file when it is closed.
enum class store_use : std::int64_t { closed, synced, unsynced };

/// SQLite's `user_version` holds the version of the tables and the use.
constexpr std::int64_t user_version(std::int64_t version, store_use x) {
  return version | static_cast<std::int64_t>(x) << 16;
}
constexpr std::int64_t version_of(std::int64_t user_version) {
  return user_version & 0xffff;
}
constexpr store_use use_of(std::int64_t user_version) {
  return static_cast<store_use>(user_version >> 16);
}

/// `steps[n]` turns version n into version n + 1; version 0 is an empty file.
/// A step that has been released is never changed.
using migration_steps = std::vector<const char*>;

const migration_steps& store_migrations();

/// Looks whose an open file is, and changes nothing. Returns an empty string when
/// `migrate` can have it, or the end of a sentence why not, and what to do.
std::string not_ours(sqlite::database& db, const migration_steps& steps = store_migrations());

/// Brings an open file to the latest version, in one transaction. Returns what
/// `not_ours` says, and then changes nothing.
std::string migrate(sqlite::database& db, const migration_steps& steps = store_migrations());

} // namespace lockserver
