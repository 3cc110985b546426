#include "net/server/access_parts.hpp"

#include <spdlog/logger.h>

#include <memory>

namespace lockserver {

namespace {

audit_log opened(const settings& config, spdlog::logger& log) {
  if (config.audit_log.empty() || config.audit == audit_level::off)
    return {};
  auto report = [&log](audit_file::trouble what, const std::string& sentence) {
    if (what == audit_file::trouble::lasts)
      log.warn("{}", sentence);
    else
      log.info("{}", sentence);
  };
  return {std::make_unique<audit_file>(config.audit_log, config.audit, report), config.audit,
          config.audit_required};
}

} // namespace

access_parts::access_parts(const settings& config, spdlog::logger& log)
  : control(config.access, config.rate_limit, config.max_waiters_per_identity),
    addresses(config.max_connections_per_address),
    audit(opened(config, log)) {
}

} // namespace lockserver
