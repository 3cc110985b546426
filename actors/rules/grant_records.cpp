#include "actors/rules/grant_records.hpp"

#include <utility>

namespace lockserver {

grant_record record_of(const grant& x, std::uint32_t limit, time_point now) {
  grant_record result;
  result.token = x.token;
  result.owner = x.owner;
  result.mode = x.mode;
  result.limit = x.mode == lock_mode::shared ? limit : 0;
  result.since = x.since.time_since_epoch();
  result.expires_at = x.expires_at.time_since_epoch();
  result.ttl = x.expires_at == time_point::max() ? forever : x.expires_at - now;
  if (x.more) {
    result.lease = x.more->lease;
    result.request_id = x.more->request_id;
    result.metadata = x.more->metadata;
  }
  return result;
}

grant grant_of(grant_record&& x) {
  grant result;
  result.owner = std::move(x.owner);
  result.token = x.token;
  result.since = time_point{x.since};
  result.expires_at = time_point{x.expires_at};
  result.mode = x.mode;
  result.acknowledged = true;
  if (x.lease != 0 || !x.request_id.empty() || !x.metadata.empty()) {
    result.more = std::make_unique<grant::details>();
    result.more->lease = x.lease;
    result.more->request_id = std::move(x.request_id);
    result.more->metadata = std::move(x.metadata);
  }
  return result;
}

} // namespace lockserver
