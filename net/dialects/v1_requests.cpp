#include "actors/rules/key_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/request_limits.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/bad_input.hpp"
#include "net/dialects/json_members.hpp"
#include "net/dialects/openapi_document.hpp"
#include "net/dialects/target.hpp"
#include "net/dialects/v1.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace lockserver {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t to_ms(settings::duration x) {
  return duration_cast<milliseconds>(x).count();
}

std::string checked(std::string_view what, std::string value) {
  if (auto wrong = check_name(what, value); !wrong.empty())
    throw bad_input{wrong};
  return value;
}

// The body's members; those of an empty body are none, where that may be.
json_members members_of(const http_request& x, bool may_be_empty = false) {
  if (x.body.empty() && may_be_empty)
    return json_members{"{}"};
  if (x.body.empty())
    throw bad_input{"the body is missing: a JSON object"};
  require_json(x.content_type);
  return json_members{x.body};
}

void refuse_body(const http_request& x) {
  if (!x.body.empty())
    throw bad_input{"this request has no body"};
}

std::string owner_of(json_members& x) {
  auto owner = x.text("owner");
  if (!owner)
    throw bad_input{"owner is missing: a string of 1 to 512 bytes"};
  return checked("owner", std::move(*owner));
}

caf::timespan ttl_of(json_members& x, const settings& config) {
  auto ttl = x.integer("ttl_ms", 1, to_ms(config.max_lock_timeout));
  return ttl ? caf::timespan{milliseconds{*ttl}} : caf::timespan{config.lock_timeout};
}

constexpr auto max_token = std::numeric_limits<std::int64_t>::max();

// -- /v1/locks ----------------------------------------------------------------

operation read_acquire(std::string key, const http_request& x, const settings& config) {
  auto members = members_of(x);
  acquire_operation result;
  auto& request = result.request;
  request.key = std::move(key);
  request.owner = owner_of(members);
  request.explain = true;
  auto ttl = members.integer("ttl_ms", 1, to_ms(config.max_lock_timeout));
  request.ttl = ttl ? caf::timespan{milliseconds{*ttl}} : caf::timespan{config.lock_timeout};
  auto wait = members.integer("wait_ms", 0, to_ms(config.max_lock_attempt_timeout));
  request.wait = wait ? caf::timespan{milliseconds{*wait}}
                      : caf::timespan{config.lock_attempt_timeout};
  auto mode = members.text("mode").value_or("exclusive");
  if (mode != "exclusive" && mode != "shared")
    throw bad_input{"mode must be \"exclusive\" or \"shared\""};
  auto shared = mode == "shared";
  request.mode = shared ? lock_mode::shared : lock_mode::exclusive;
  auto max_limit = static_cast<std::int64_t>(config.max_holders_per_key);
  if (auto limit = members.integer("limit", 1, max_limit)) {
    if (!shared)
      throw bad_input{"limit is only for the mode \"shared\""};
    request.limit = static_cast<std::uint32_t>(*limit);
  }
  if (auto id = members.text("request_id")) {
    if (id->empty() || id->size() > max_request_id)
      throw bad_input{"request_id must have 1 to 64 bytes"};
    request.request_id = std::move(*id);
  }
  if (auto lease = members.text("lease")) {
    if (ttl)
      throw bad_input{"ttl_ms is not for a lock with a lease: it lasts as long as the lease"};
    if (lease->empty())
      throw bad_input{"lease is empty: it must be the id of a lease"};
    result.lease = std::move(*lease);
  }
  if (auto hold = members.text("hold")) {
    if (*hold != "connection" && *hold != "ttl")
      throw bad_input{"hold must be \"ttl\" or \"connection\""};
    result.hold_connection = *hold == "connection";
    if (result.hold_connection && !result.lease.empty())
      throw bad_input{"hold \"connection\" is not for a lock with a lease"};
  }
  if (auto metadata = members.text("metadata")) {
    if (metadata->size() > max_metadata)
      throw bad_input{"metadata is longer than 1024 bytes"};
    request.metadata = std::move(*metadata);
  }
  members.refuse_others("owner, ttl_ms, wait_ms, mode, limit, request_id, lease, hold, metadata");
  return result;
}

operation read_renew(std::string key, const http_request& x, const settings& config) {
  auto members = members_of(x);
  renew_request result;
  result.key = std::move(key);
  result.owner = owner_of(members);
  result.token = static_cast<std::uint64_t>(members.integer("token", 1, max_token).value_or(0));
  result.ttl = ttl_of(members, config);
  members.refuse_others("owner, token, ttl_ms");
  return result;
}

operation read_release(std::string key, const http_request& x, query_parameters parameters) {
  refuse_body(x);
  release_request result;
  result.key = std::move(key);
  result.force = parameters.flag("force");
  auto owner = parameters.name("owner");
  auto token = parameters.integer("token", 1, max_token);
  parameters.refuse_others("owner, token, force");
  if (result.force && (owner || token))
    throw bad_input{"force=true releases every holder: it goes without owner and token"};
  if (!result.force && !owner)
    throw bad_input{"owner is missing: …?owner=NAME, or force=true to release every holder"};
  result.owner = owner.value_or("");
  result.token = static_cast<std::uint64_t>(token.value_or(0));
  return result;
}

// Which page of a list: at most how many, and behind which key.
template <class Request>
void read_page(Request& to, query_parameters& parameters) {
  to.after = parameters.name_or_empty("after");
  auto limit = parameters.integer("limit", 1, max_page).value_or(default_page);
  to.limit = static_cast<std::uint64_t>(limit);
}

operation read_list(const http_request& x, query_parameters parameters) {
  refuse_body(x);
  list_request result;
  result.prefix = parameters.name_or_empty("prefix");
  read_page(result, parameters);
  parameters.refuse_others("prefix, limit, after");
  return result;
}

operation read_lock(std::string key, const http_request& x, const settings& config,
                    query_parameters parameters) {
  if (x.method == "DELETE")
    return read_release(std::move(key), x, std::move(parameters));
  parameters.refuse_others("none");
  if (x.method == "POST")
    return read_acquire(std::move(key), x, config);
  if (x.method == "PUT")
    return read_renew(std::move(key), x, config);
  refuse_body(x);
  return inspect_request{std::move(key), true};
}

// -- /v1/leases ---------------------------------------------------------------

operation read_lease_create(const http_request& x, const settings& config) {
  auto members = members_of(x, true);
  lease_create_request result;
  if (auto owner = members.text("owner"))
    result.owner = checked("owner", std::move(*owner));
  result.ttl = ttl_of(members, config);
  members.refuse_others("owner, ttl_ms");
  return result;
}

operation read_lease(std::string id, const http_request& x, query_parameters parameters) {
  lease_inspect_request look{std::move(id)};
  if (x.method == "GET" || x.method == "HEAD") {
    refuse_body(x);
    read_page(look, parameters);
    parameters.refuse_others("limit, after");
    return look;
  }
  parameters.refuse_others("none");
  if (x.method == "PUT") {
    members_of(x, true).refuse_others("none");
    return lease_renew_request{std::move(look.lease)};
  }
  refuse_body(x);
  return lease_end_request{std::move(look.lease)};
}

// -- the rest -----------------------------------------------------------------

// HEAD is GET without the body of the answer.
std::string_view methods_of(std::string_view path) {
  if (path == "/v1/leases")
    return "POST, OPTIONS";
  if (path.starts_with("/v1/locks/"))
    return "GET, HEAD, POST, PUT, DELETE, OPTIONS";
  if (path.starts_with("/v1/leases/"))
    return "GET, HEAD, PUT, DELETE, OPTIONS";
  for (std::string_view x : {"/v1/locks", "/v1/server", "/readyz", "/healthz", "/openapi.yaml"})
    if (path == x)
      return "GET, HEAD, OPTIONS";
  return {};
}

bad_input no_such_path() {
  return bad_input{"there is no such path; /openapi.yaml describes those that there are",
                   errc::not_found};
}

operation read_fixed(const http_request& x, const query_parameters& parameters, operation result) {
  refuse_body(x);
  parameters.refuse_others("none");
  return result;
}

operation read_request(const http_request& x, const settings& config) {
  target_parts target{x.target};
  if (auto other = answer_other_method(x.method, methods_of(target.path())))
    return std::move(*other);
  query_parameters parameters{target.query()};
  if (target.path() == "/v1/locks")
    return read_list(x, std::move(parameters));
  if (auto key = target.name_behind("/v1/locks/", "key"))
    return read_lock(std::move(*key), x, config, std::move(parameters));
  if (target.path() == "/v1/leases") {
    parameters.refuse_others("none");
    return read_lease_create(x, config);
  }
  if (auto id = target.name_behind("/v1/leases/", "lease")) {
    return read_lease(std::move(*id), x, std::move(parameters));
  }
  auto fixed = [&](operation result) { return read_fixed(x, parameters, std::move(result)); };
  if (target.path() == "/v1/server")
    return fixed(server_info_operation{});
  if (target.path() == "/readyz")
    return fixed(readiness_operation{});
  if (target.path() == "/healthz")
    return fixed(known_answer{{200, media_type::json, "{\"status\":\"ok\"}"}});
  if (target.path() == "/openapi.yaml")
    return fixed(known_answer{{200, media_type::yaml, openapi_document}});
  throw no_such_path();
}

} // namespace

std::optional<refusal> v1_dialect::refuse_before_body(const http_request& x) const {
  try {
    auto methods = methods_of(target_parts{x.target}.path());
    if (auto other = answer_other_method(x.method, methods))
      if (auto* wrong = std::get_if<refusal>(&*other))
        return std::move(*wrong);
    if (methods.empty())
      throw no_such_path();
    if (x.method != "POST" && x.method != "PUT")
      throw bad_input{"this request has no body"};
    require_json(x.content_type);
    return std::nullopt;
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what(), wrong.allow};
  }
}

operation v1_dialect::read(const http_request& x, const settings& config) const {
  try {
    return read_request(x, config);
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what(), wrong.allow};
  }
}

} // namespace lockserver
