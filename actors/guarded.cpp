#include "actors/guarded.hpp"

#include <spdlog/logger.h>

#include <exception>

namespace lockserver {

void log_exception(spdlog::logger& log, std::string_view where, std::string_view key) noexcept {
  try {
    throw;
  } catch (const std::exception& x) {
    log.error("an operation has failed: in={} key={} what={}", where, key, x.what());
  } catch (...) {
    log.error("an operation has failed: in={} key={}", where, key);
  }
}

} // namespace lockserver
