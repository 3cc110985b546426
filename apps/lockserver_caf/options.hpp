// The values of the command line, the environment and the configuration file.
#pragma once

#include "lockserver/settings.hpp"

#include <spdlog/common.h>

#include <optional>
#include <string>

namespace lockserver::program {

enum class command { run, start, stop, ping, check, token, access };

/// The question of `access`.
struct access_question {
  std::string file;
  std::string verb; ///< "check".
  std::string identity;
  std::string right;
  std::string key; ///< Empty: none.
};

struct options {
  command what = command::run;
  settings server;
  spdlog::level::level_enum log_level = spdlog::level::info;
  std::string log_file; ///< Empty: standard error.
  std::string pid_file; ///< Empty: none.
  std::string checked;  ///< The directory for `check`.
  std::string named;    ///< The identity for `token`.
  access_question asked;
};

/// Reads all three. The command line takes precedence over the environment, and that over
/// the file. Answers --help and --version on standard output, and then returns none.
/// Throws `failure` for an error.
std::optional<options> read_options(int argc, const char* const* argv);

} // namespace lockserver::program
