// The output of lockctl: JSON in the server's own words for programs, and tables for
// people. Names that others have chosen are made printable in both.
#pragma once

#include "lockserver/client_types.hpp"

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver::lockctl {

using namespace client;

/// Call it once at the start. Output to a closed standard stream then fails, instead of
/// reaching a connection that got its number. A reader that has gone causes an error
/// instead of SIGPIPE.
void prepare_output();

/// Flushes standard output. Throws `failure` unless everything has been written.
void flush_output();

std::string to_json(const grant& x);
std::string to_json(const lock_info& x);
std::string to_json(const std::vector<lock_info>& x);
std::string to_json(const lease& x);
std::string to_json(const lease_info& x);
std::string to_json(const server_info& x);
std::string to_json(const access_info& x);

/// One object with one member, such as {"released":true}.
std::string to_json(std::string_view name, bool value);

/// Shows who holds the lock and who waits for it.
void print(std::ostream& out, const lock_info& x);
void print(std::ostream& out, const std::vector<lock_info>& x);
void print(std::ostream& out, const lease_info& x);
void print(std::ostream& out, const server_info& x);
void print(std::ostream& out, const access_info& x);

/// A time in this machine's time zone, such as "14:03:20", with the date unless it is
/// today.
std::string show_time(std::chrono::system_clock::time_point x);

} // namespace lockserver::lockctl
