// What lockctl prints: JSON in the server's own words for programs, tables for
// people. What others have named is printable in both.
#pragma once

#include "lockserver/client_types.hpp"

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver::lockctl {

using namespace client;

/// To be called once at the start: what is written to a standard stream that is
/// closed goes nowhere, and not into a connection that got its number; and a
/// reader that has gone away is an error and no SIGPIPE.
void prepare_output();

/// Writes what standard output still has. Throws `failure` unless all that was
/// printed has been written.
void flush_output();

std::string to_json(const grant& x);
std::string to_json(const lock_info& x);
std::string to_json(const std::vector<lock_info>& x);
std::string to_json(const lease& x);
std::string to_json(const lease_info& x);
std::string to_json(const server_info& x);

/// One object with one member, such as {"released":true}.
std::string to_json(std::string_view name, bool value);

/// Who holds the lock and who waits for it.
void print(std::ostream& out, const lock_info& x);
void print(std::ostream& out, const std::vector<lock_info>& x);
void print(std::ostream& out, const lease_info& x);
void print(std::ostream& out, const server_info& x);

/// A point in time by this machine's time zone, such as "14:03:20", with the
/// date unless it is today's.
std::string show_time(std::chrono::system_clock::time_point x);

} // namespace lockserver::lockctl
