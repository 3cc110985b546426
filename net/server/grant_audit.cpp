#include "net/server/grant_audit.hpp"

#include "actors/rules/holder_name.hpp"

#include <chrono>

namespace lockserver {

namespace {

audit_entry entry_of(audit_event event, const std::string& key, const grant& x) {
  auto [identity, owner] = parts_of(x.owner);
  audit_entry result{std::chrono::system_clock::now(), event, identity};
  result.key = key;
  result.owner = owner;
  result.token = x.token;
  result.outcome = row_of(errc::ok).name;
  return result;
}

std::string_view in_words(lock_change::cause x) {
  switch (x) {
    case lock_change::cause::expired:
      return "its time is over";
    case lock_change::cause::lease_ended:
      return "its lease is over";
    case lock_change::cause::withdrawn:
      return "its client is gone";
    default:
      return "it was released";
  }
}

} // namespace

void grant_audit::granted(const std::string& key, const grant& x) noexcept {
  log_.write(entry_of(audit_event::granted, key, x));
}

void grant_audit::ended(const std::string& key, const grant& x, lock_change::cause why) noexcept {
  auto entry = entry_of(audit_event::ended, key, x);
  entry.reason = in_words(why);
  log_.write(entry);
}

} // namespace lockserver
