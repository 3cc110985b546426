// What lockctl's command line and environment say.
#pragma once

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
  force_unlock,
};

struct options {
  command what = command::run;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8004;
  bool json = false;
  bool quiet = false;
  std::string key{};   ///< Or a lease's id.
  std::string owner{}; ///< Never empty.
  std::uint64_t token = 0;
  acquire_options acquire{}; ///< `ttl` is also that of renew and of a lease.
  /// Of `run`: how long the lock lasts at least, counted from its grant.
  std::chrono::milliseconds at_least{0};
  std::string prefix{};
  std::vector<std::string> words{}; ///< Of `run`: the command and its arguments.
};

/// Reads both; the command line wins. Answers --help and --version on standard
/// output and then returns nothing. Throws `failure` for what is wrong.
std::optional<options> read_options(int argc, char** argv);

} // namespace lockserver::lockctl
