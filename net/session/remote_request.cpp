#include "net/session/remote_request.hpp"

#include "actors/rules/key_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/request_limits.hpp"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <utility>

namespace lockserver {

namespace {

std::string check_ttl(caf::timespan& ttl, const settings& config) {
  if (ttl == caf::timespan::zero())
    ttl = config.lock_timeout;
  if (ttl < caf::timespan::zero() || ttl > caf::timespan{config.max_lock_timeout})
    return fmt::format("ttl must be above 0 and at most {} s (max-lock-timeout)",
                       std::chrono::duration<double>{config.max_lock_timeout}.count());
  return {};
}

std::string check_lease(const std::string& x) {
  return x.empty() ? "lease is empty: it must be the id of a lease" : std::string{};
}

// The first sentence that is not empty.
template <class... Ts>
std::string first_of(Ts... sentences) {
  std::string result;
  ((result.empty() ? void(result = std::move(sentences)) : void()), ...);
  return result;
}

} // namespace

std::string check(acquire_lock& x, const settings& config) {
  auto wrong = first_of(check_name("key", x.key), check_name("owner", x.owner));
  if (!wrong.empty())
    return wrong;
  if (!x.lease.empty() && x.ttl != caf::timespan::zero())
    return "ttl is not for a lock with a lease: it lasts as long as the lease";
  if (wrong = check_ttl(x.ttl, config); !wrong.empty())
    return wrong;
  if (x.wait < caf::timespan::zero() || x.wait > caf::timespan{config.max_lock_attempt_timeout})
    return fmt::format("wait must be 0 or more and at most {} s (max-lock-attempt-timeout)",
                       std::chrono::duration<double>{config.max_lock_attempt_timeout}.count());
  if (x.mode > lock_mode::shared)
    return "mode must be 0 (exclusive) or 1 (shared)";
  if (x.limit != 0 && x.mode != lock_mode::shared)
    return "limit is only for the mode 1 (shared)";
  if (x.limit > config.max_holders_per_key)
    return fmt::format("limit must be at most {} (max-holders-per-key)",
                       config.max_holders_per_key);
  if (x.request_id.size() > max_request_id)
    return fmt::format("request_id must have at most {} bytes", max_request_id);
  if (x.metadata.size() > max_metadata)
    return fmt::format("metadata must have at most {} bytes", max_metadata);
  if (x.hold > hold_mode::ttl)
    return "hold must be 0 (session), 1 (connection) or 2 (ttl)";
  return {};
}

std::string check(release_request& x, const settings&) {
  if (x.force && (!x.owner.empty() || x.token != 0))
    return "force releases every holder: it goes without owner and token";
  return first_of(check_name("key", x.key), x.force ? std::string{} : check_name("owner", x.owner));
}

std::string check(renew_request& x, const settings& config) {
  return first_of(check_name("key", x.key), check_name("owner", x.owner), check_ttl(x.ttl, config));
}

std::string check(check_request& x, const settings&) {
  return first_of(check_name("key", x.key),
                  x.owner.empty() ? std::string{} : check_name("owner", x.owner));
}

std::string check(inspect_request& x, const settings&) {
  return check_name("key", x.key);
}

// The page of a list.
template <class Request>
std::string check_page(Request& x) {
  if (x.limit == 0)
    x.limit = default_page;
  if (x.limit > max_page)
    return fmt::format("limit must be at most {}", max_page);
  return x.after.empty() ? std::string{} : check_name("after", x.after);
}

std::string check(list_request& x, const settings&) {
  return first_of(check_page(x), x.prefix.empty() ? std::string{} : check_name("prefix", x.prefix));
}

std::string check(lease_create_request& x, const settings& config) {
  return first_of(x.owner.empty() ? std::string{} : check_name("owner", x.owner),
                  check_ttl(x.ttl, config));
}

std::string check(lease_renew_request& x, const settings&) {
  return check_lease(x.lease);
}

std::string check(lease_inspect_request& x, const settings&) {
  return first_of(check_lease(x.lease), check_page(x));
}

std::string check(lease_end_request& x, const settings&) {
  return check_lease(x.lease);
}

acquire_request to_acquire_request(acquire_lock& x) {
  acquire_request result;
  result.key = x.key;
  result.owner = std::move(x.owner);
  result.ttl = x.ttl;
  result.wait = x.wait;
  result.mode = x.mode;
  result.limit = x.limit;
  result.request_id = std::move(x.request_id);
  result.metadata = std::move(x.metadata);
  result.explain = true;
  return result;
}

} // namespace lockserver
