#include "actors/rules/key_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/request_limits.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/bad_input.hpp"
#include "net/dialects/json_members.hpp"
#include "net/dialects/methods.hpp"
#include "net/dialects/openapi_document.hpp"
#include "net/dialects/target.hpp"
#include "net/dialects/v1.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>

namespace lockserver {

namespace {

using std::chrono::milliseconds;

std::int64_t to_ms(settings::duration x) {
  return std::chrono::duration_cast<milliseconds>(x).count();
}

std::string checked(std::string_view what, std::string value) {
  if (auto wrong = check_name(what, value); !wrong.empty())
    throw bad_input{wrong};
  return value;
}

// A request, and the data that its route reads.
struct call {
  const settings& config;
  std::string name; // in the path: a key or a lease
  query_parameters& query;
  json_members& members; // of the body
};

std::string owner_of(json_members& x) {
  auto owner = x.text("owner");
  if (!owner)
    throw bad_input{"owner is missing: a string of 1 to 512 bytes"};
  return checked("owner", std::move(*owner));
}

std::optional<duration> ttl_in(json_members& x, const settings& config) {
  auto ttl = x.integer("ttl_ms", 1, to_ms(config.max_lock_timeout));
  return ttl ? std::optional<duration>{milliseconds{*ttl}} : std::nullopt;
}

constexpr auto max_token = std::numeric_limits<std::int64_t>::max();

// -- /v1/locks ----------------------------------------------------------------

// What else ends the lock: its lease, its connection, or nothing.
void read_hold(lock_wish& to, call& x, bool has_ttl) {
  if (auto lease = x.members.text("lease")) {
    if (has_ttl)
      throw bad_input{"ttl_ms is not for a lock with a lease: it lasts as long as the lease"};
    if (lease->empty())
      throw bad_input{"lease is empty: it must be the id of a lease"};
    to.lease = std::move(*lease);
  }
  auto hold = x.members.text("hold").value_or("ttl");
  if (hold != "connection" && hold != "ttl")
    throw bad_input{"hold must be \"ttl\" or \"connection\""};
  if (hold == "connection") {
    to.hold = hold_mode::connection;
    if (!to.lease.empty())
      throw bad_input{"hold \"connection\" is not for a lock with a lease"};
  }
}

reading read_acquire(call& x) {
  auto& members = x.members;
  reading result{std::in_place_type<session_request>, std::in_place_type<lock_wish>};
  auto& wish = std::get<lock_wish>(std::get<session_request>(result));
  auto& lock = wish.request;
  lock.key = std::move(x.name);
  lock.owner = owner_of(members);
  lock.explain = true;
  auto ttl = ttl_in(members, x.config);
  lock.ttl = ttl.value_or(x.config.lock_timeout);
  auto wait = members.integer("wait_ms", 0, to_ms(x.config.max_lock_attempt_timeout));
  lock.wait = wait ? duration{milliseconds{*wait}} : duration{x.config.lock_attempt_timeout};
  auto mode = members.text("mode").value_or("exclusive");
  if (mode != "exclusive" && mode != "shared")
    throw bad_input{"mode must be \"exclusive\" or \"shared\""};
  lock.mode = mode == "shared" ? lock_mode::shared : lock_mode::exclusive;
  auto max_limit = static_cast<std::int64_t>(x.config.max_holders_per_key);
  if (auto limit = members.integer("limit", 1, max_limit)) {
    if (lock.mode != lock_mode::shared)
      throw bad_input{"limit is only for the mode \"shared\""};
    lock.limit = static_cast<std::uint32_t>(*limit);
  }
  if (auto id = members.text("request_id")) {
    if (id->empty() || id->size() > max_request_id)
      throw bad_input{"request_id must have 1 to 64 bytes"};
    lock.request_id = std::move(*id);
  }
  read_hold(wish, x, ttl.has_value());
  if (auto metadata = members.text("metadata")) {
    if (metadata->size() > max_metadata)
      throw bad_input{"metadata is longer than 1024 bytes"};
    lock.metadata = std::move(*metadata);
  }
  return result;
}

reading read_renew(call& x) {
  renew_request result{std::move(x.name), owner_of(x.members)};
  result.token = static_cast<std::uint64_t>(x.members.integer("token", 1, max_token).value_or(0));
  result.ttl = ttl_in(x.members, x.config).value_or(x.config.lock_timeout);
  return session_request{std::move(result)};
}

reading read_release(call& x) {
  release_request result{std::move(x.name), {}};
  result.force = x.query.flag("force");
  auto owner = x.query.name("owner");
  auto token = x.query.integer("token", 1, max_token);
  if (result.force && (owner || token))
    throw bad_input{"force=true releases every holder: it goes without owner and token"};
  if (!result.force && !owner)
    throw bad_input{"owner is missing: …?owner=NAME, or force=true to release every holder"};
  result.owner = owner.value_or("");
  result.token = static_cast<std::uint64_t>(token.value_or(0));
  return session_request{std::move(result)};
}

reading read_inspect(call& x) {
  return session_request{inspect_request{std::move(x.name), true}};
}

// The page of a list: its size, and the key that it follows.
template <class Request>
session_request page(Request to, call& x) {
  to.after = x.query.name_or_empty("after");
  auto limit = x.query.integer("limit", 1, max_page).value_or(default_page);
  to.limit = static_cast<std::uint64_t>(limit);
  return to;
}

reading read_list(call& x) {
  return page(list_request{x.query.name_or_empty("prefix"), {}, {}}, x);
}

// -- /v1/leases ---------------------------------------------------------------

reading read_lease_create(call& x) {
  lease_create_request result;
  if (auto owner = x.members.text("owner"))
    result.owner = checked("owner", std::move(*owner));
  result.ttl = ttl_in(x.members, x.config).value_or(x.config.lock_timeout);
  return session_request{std::move(result)};
}

reading read_lease_inspect(call& x) {
  return page(lease_inspect_request{std::move(x.name)}, x);
}

reading read_lease_renew(call& x) {
  return session_request{lease_renew_request{std::move(x.name)}};
}

reading read_lease_end(call& x) {
  return session_request{lease_end_request{std::move(x.name)}};
}

// -- other paths --------------------------------------------------------------

template <class Request>
reading read_plain(call&) {
  return session_request{Request{}};
}

reading say_healthy(call&) {
  return http_content{200, media_type::json, "{\"status\":\"ok\"}"};
}

reading show_document(call&) {
  return http_content{200, media_type::yaml, openapi_document};
}

// -- routes -------------------------------------------------------------------

enum class body : std::uint8_t { none, optional, required };

struct route {
  std::string_view path;    // a name in braces stands for one segment, and is the last
  std::string_view methods; // HEAD is GET without the body of the answer
  reading (*read)(call&);
  std::string_view parameters{}; // allowed in the query
  body has = body::none;
  std::string_view members{}; // allowed in the body

  std::string_view fixed() const {
    return path.substr(0, path.find('{'));
  }
  bool has_name() const {
    return path.ends_with('}');
  }
  std::string_view name() const {
    return path.substr(fixed().size() + 1, path.size() - fixed().size() - 2);
  }
  bool is_at(std::string_view x) const {
    return has_name() ? x.starts_with(fixed()) : x == path;
  }
};

// The routes of one path are adjacent, in the order in which `Allow` lists their methods.
constexpr route routes[] = {
  {"/v1/locks", "GET, HEAD", read_list, "prefix, limit, after"},
  {"/v1/locks/{key}", "GET, HEAD", read_inspect},
  {"/v1/locks/{key}",
   "POST",
   read_acquire,
   {},
   body::required,
   "owner, ttl_ms, wait_ms, mode, limit, request_id, lease, hold, metadata"},
  {"/v1/locks/{key}", "PUT", read_renew, {}, body::required, "owner, token, ttl_ms"},
  {"/v1/locks/{key}", "DELETE", read_release, "owner, token, force"},
  {"/v1/leases", "POST", read_lease_create, {}, body::optional, "owner, ttl_ms"},
  {"/v1/leases/{lease}", "GET, HEAD", read_lease_inspect, "limit, after"},
  {"/v1/leases/{lease}", "PUT", read_lease_renew, {}, body::optional, "none"},
  {"/v1/leases/{lease}", "DELETE", read_lease_end},
  {"/v1/server", "GET, HEAD", read_plain<server_info_request>},
  {"/v1/access", "GET, HEAD", read_plain<access_request>},
  {"/readyz", "GET, HEAD", read_plain<readiness_request>},
  {"/healthz", "GET, HEAD", say_healthy},
  {"/openapi.yaml", "GET, HEAD", show_document},
};

// The `Allow` list of each path.
const std::map<std::string_view, std::string>& allowed_by_path() {
  static const auto all = [] {
    std::map<std::string_view, std::string> result;
    for (auto& x : routes)
      result[x.path].append(x.methods).append(", ");
    for (auto& x : result)
      x.second += "OPTIONS";
    return result;
  }();
  return all;
}

// The path's routes, for all methods; empty if there is no such path.
std::string_view methods_at(std::string_view path) {
  for (auto& x : routes)
    if (x.is_at(path))
      return allowed_by_path().at(x.path);
  return {};
}

// @pre the path has this method
const route& route_of(std::string_view path, std::string_view method) {
  for (auto& x : routes)
    if (x.is_at(path) && lists(x.methods, method))
      return x;
  throw bad_input{"there is no such path; /openapi.yaml describes those that there are",
                  errc::not_found};
}

json_members members_of(const route& to, const http_request& x) {
  if (to.has == body::none && !x.body.empty())
    throw bad_input{"this request has no body"};
  if (to.has == body::required && x.body.empty())
    throw bad_input{"the body is missing: a JSON object"};
  if (x.body.empty())
    return {};
  require_json(x.content_type);
  return json_members{x.body};
}

reading read_request(const http_request& x, const settings& config) {
  target_parts target{x.target};
  if (auto other = answer_other_method(x.method, methods_at(target.path())))
    return std::move(*other);
  auto& to = route_of(target.path(), x.method);
  std::string name;
  if (to.has_name())
    name = *target.name_behind(to.fixed(), to.name());
  query_parameters query{target.query(), to.parameters};
  auto members = members_of(to, x);
  call one{config, std::move(name), query, members};
  auto result = to.read(one);
  members.refuse_others(to.members);
  return result;
}

} // namespace

bool v1_dialect::serves(std::string_view target) noexcept {
  return target.starts_with("/v1/")
         || std::any_of(std::begin(routes), std::end(routes),
                        [target](auto& x) { return target.starts_with(x.fixed()); });
}

std::optional<refusal> v1_dialect::refuse_before_body(const http_request& x,
                                                      bool client_waits) const {
  if (!client_waits)
    return std::nullopt;
  return or_refusal([&]() -> std::optional<refusal> {
    auto path = target_parts{x.target}.path();
    auto allowed = methods_at(path);
    if (auto wrong = refuse_method(x.method, allowed))
      return wrong;
    auto about_path = x.method == "OPTIONS" && !allowed.empty();
    if (about_path || route_of(path, x.method).has == body::none)
      throw bad_input{"this request has no body"};
    require_json(x.content_type);
    return std::nullopt;
  });
}

reading v1_dialect::read(const http_request& x, const settings& config) const {
  return or_refusal([&] { return read_request(x, config); });
}

} // namespace lockserver
