// Writes grants and their ends to the audit log.
#pragma once

#include "actors/environment.hpp"
#include "net/access/audit_log.hpp"

#include <string>

namespace lockserver {

/// Thread-safe.
class grant_audit final : public grant_listener {
public:
  /// @param log outlives this object
  explicit grant_audit(audit_log& log) : log_(log) {
  }

  /// This object; null if the log does not have grants.
  grant_listener* listener() noexcept {
    return log_.takes(audit_event::granted) ? this : nullptr;
  }

  void granted(const std::string& key, const grant& x) noexcept override;
  void ended(const std::string& key, const grant& x, lock_change::cause why) noexcept override;

private:
  audit_log& log_;
};

} // namespace lockserver
