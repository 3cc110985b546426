// The tables of a store, by version.
#pragma once

#include "store/sqlite.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

/// What SQLite writes into the head of a file that is ours: "lock".
inline constexpr std::int64_t store_application_id = 0x6c6f636b;

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
