// The values of lockctl's command line and environment.
#pragma once

#include "lockserver/client_options.hpp"
#include "lockserver/client_types.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockserver::lockctl {

using namespace client;

enum class command {
  run,
  lock,
  unlock,
  renew,
  status,
  list,
  lease_create,
  lease_renew,
  lease_show,
  lease_end,
  ping,
  server,
  whoami,
  force_unlock,
};

struct options {
  command what = command::run;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8004;
  std::optional<client_tls> tls{}; ///< None: plain HTTP.
  std::string access_token{};      ///< Of lockctl's identity; empty: none.
  bool json = false;
  bool quiet = false;
  std::string key{};         ///< Or a lease's id.
  std::string owner{};       ///< Empty: not named.
  std::uint64_t token = 0;   ///< Of a grant.
  acquire_options acquire{}; ///< `ttl` is also used by renew and leases.
  /// For `run`: the minimum time of the lock, from its grant.
  std::chrono::milliseconds at_least{0};
  std::string prefix{};
  std::vector<std::string> words{}; ///< For `run`: the command and its arguments.
};

/// Reads both; the command line takes precedence. Answers --help and --version on
/// standard output, and then returns none. Removes an access token from the environment, so
/// that a command does not inherit it. Throws `failure` for an error, and
/// `std::invalid_argument` for a file that cannot be used.
std::optional<options> read_options(int argc, char** argv);

} // namespace lockserver::lockctl
