// What a server has to check its clients: rules, counts, audit log.
#pragma once

#include "lockserver/settings.hpp"
#include "net/access/access_control.hpp"
#include "net/access/audit_log.hpp"
#include "net/access/limited_counts.hpp"

namespace spdlog {
class logger;
}

namespace lockserver {

/// Made anew at each start of the server. Thread-safe where its members are.
struct access_parts {
  /// Reads the access file and opens the audit log.
  /// @param log is told when the audit log cannot be written; outlives this object
  /// @throws access_error, std::invalid_argument with a sentence that names the file
  access_parts(const settings& config, spdlog::logger& log);

  access_control control;
  address_counts addresses;
  audit_log audit;
};

} // namespace lockserver
