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
  result.acknowledged = x.acknowledged;
  if (x.ticket != 0)
    result.tickets.push_back(x.ticket);
  if (x.more) {
    result.lease = x.more->lease;
    result.request_id = x.more->request_id;
    result.metadata = x.more->metadata;
    auto& repeats = x.more->repeats;
    result.tickets.insert(result.tickets.end(), repeats.begin(), repeats.end());
  }
  return result;
}

std::vector<grant_record> records_of(const lock_queue& x, time_point now) {
  std::vector<grant_record> result;
  result.reserve(x.holders().size());
  for (auto& holder : x.holders())
    result.push_back(record_of(holder, x.limit(), now));
  return result;
}

grant grant_of(grant_record&& x) {
  grant result;
  result.owner = std::move(x.owner);
  result.ticket = x.tickets.empty() ? 0 : x.tickets.front();
  result.token = x.token;
  result.since = time_point{x.since};
  result.expires_at = time_point{x.expires_at};
  result.mode = x.mode;
  result.acknowledged = x.acknowledged;
  if (x.lease != 0 || x.tickets.size() > 1 || !x.request_id.empty() || !x.metadata.empty()) {
    result.more = std::make_unique<grant::details>();
    result.more->lease = x.lease;
    result.more->request_id = std::move(x.request_id);
    result.more->metadata = std::move(x.metadata);
    if (x.tickets.size() > 1)
      result.more->repeats.assign(x.tickets.begin() + 1, x.tickets.end());
  }
  return result;
}

} // namespace lockserver
