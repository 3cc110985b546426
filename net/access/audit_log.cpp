#include "net/access/audit_log.hpp"

#include <string>

namespace lockserver {

bool audit_log::write(const audit_entry& x) noexcept {
  if (!takes(x.event))
    return true;
  if (x.event != audit_event::refused)
    return file_->write(x);
  std::uint64_t left_out = 0;
  {
    std::lock_guard guard{mutex_};
    // Also when the clock was set back.
    if (x.time < second_ || x.time - second_ >= std::chrono::seconds{1}) {
      second_ = x.time;
      written_ = 0;
      left_out = std::exchange(left_out_, 0);
    }
    if (written_ == refusals_per_second) {
      ++left_out_;
      return true;
    }
    ++written_;
  }
  try {
    if (left_out > 0) {
      auto reason = std::to_string(left_out)
                    + " more refusals are not in this log: too many came "
                      "in one second";
      audit_entry more{x.time, audit_event::refused};
      more.reason = reason;
      file_->write(more);
    }
  } catch (...) { // no memory: then without it
  }
  return file_->write(x);
}

} // namespace lockserver
