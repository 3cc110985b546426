#include "net/client/v1_request.hpp"

#include "actors/rules/key_name.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace lockserver::v1 {

using namespace client;

namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using std::chrono::milliseconds;

// These limits only keep a peer that is no lock server from filling the memory. A page of
// 1,000 locks with holders and metadata can be large, and so can the queue of one key.
constexpr std::size_t list_limit = 64 * 1024 * 1024;
constexpr std::size_t answer_limit = 8 * 1024 * 1024;

request make(http::verb method, std::string target, const json::object& body = {}) {
  request result;
  result.call = {method, std::move(target), body.empty() ? "" : json::serialize(body),
                 method == http::verb::get ? list_limit : answer_limit};
  result.repeatable = method == http::verb::get;
  return result;
}

json::string_view view(std::string_view x) {
  return {x.data(), x.size()};
}

std::string lock_path(std::string_view key) {
  return "/v1/locks/" + percent_encode(key);
}

// Appends the parameters that are not empty.
std::string with_query(std::string target,
                       std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  auto separator = '?';
  for (auto& [name, value] : parameters) {
    if (value.empty())
      continue;
    target += std::exchange(separator, '&');
    target += name;
    target += percent_encode(value);
  }
  return target;
}

std::string lease_path(std::string_view id) {
  return "/v1/leases/" + percent_encode(id);
}

// The first sentence that is not empty.
template <class... Sentences>
std::string first_of(Sentences... x) {
  std::string result;
  ((result.empty() ? void(result = std::move(x)) : void()), ...);
  return result;
}

std::string check_text(std::string_view what, std::string_view x) {
  return x.empty() ? std::string{} : check_name(what, x);
}

} // namespace

request acquire(std::string_view key, std::string_view owner, const acquire_options& x) {
  json::object body{{"owner", view(owner)}};
  if (x.ttl)
    body["ttl_ms"] = x.ttl->count();
  if (x.wait)
    body["wait_ms"] = x.wait->count();
  if (x.mode == lock_mode::shared)
    body["mode"] = "shared";
  if (x.limit)
    body["limit"] = *x.limit;
  if (!x.request_id.empty())
    body["request_id"] = x.request_id;
  if (!x.lease.empty())
    body["lease"] = x.lease;
  if (x.hold == lock_hold::connection)
    body["hold"] = "connection";
  if (!x.metadata.empty())
    body["metadata"] = x.metadata;
  auto result = make(http::verb::post, lock_path(key), body);
  result.call.binds = x.hold == lock_hold::connection;
  result.repeatable = !x.request_id.empty();
  result.wait = x.wait;
  result.wrong = first_of(check_name("key", key), check_name("owner", owner));
  return result;
}

request renew(std::string_view key, std::string_view owner, std::uint64_t token,
              std::optional<milliseconds> ttl) {
  json::object body{{"owner", view(owner)}};
  if (token != 0)
    body["token"] = token;
  if (ttl)
    body["ttl_ms"] = ttl->count();
  auto result = make(http::verb::put, lock_path(key), body);
  result.repeatable = true;
  result.wrong = first_of(check_name("key", key), check_name("owner", owner));
  return result;
}

request release(std::string_view key, std::string_view owner, std::uint64_t token) {
  auto target = lock_path(key) + "?owner=" + percent_encode(owner);
  if (token != 0)
    target += "&token=" + std::to_string(token);
  auto result = make(http::verb::delete_, std::move(target));
  result.wrong = first_of(check_name("key", key), check_name("owner", owner));
  return result;
}

request force_release(std::string_view key) {
  auto result = make(http::verb::delete_, lock_path(key) + "?force=true");
  result.wrong = check_name("key", key);
  return result;
}

request inspect(std::string_view key) {
  auto result = make(http::verb::get, lock_path(key));
  result.wrong = check_name("key", key);
  return result;
}

request list(const list_options& x) {
  auto target = with_query("/v1/locks", {{"prefix=", x.prefix},
                                         {"limit=", x.limit ? std::to_string(*x.limit) : ""},
                                         {"after=", x.after}});
  auto result = make(http::verb::get, std::move(target));
  result.wrong = first_of(check_text("prefix", x.prefix), check_text("after", x.after));
  return result;
}

request create_lease(std::optional<milliseconds> ttl, std::string_view owner) {
  json::object body;
  if (ttl)
    body["ttl_ms"] = ttl->count();
  if (!owner.empty())
    body["owner"] = view(owner);
  auto result = make(http::verb::post, "/v1/leases", body);
  if (result.call.body.empty())
    result.call.body = "{}";
  result.wrong = check_text("owner", owner);
  return result;
}

request renew_lease(std::string_view id) {
  auto result = make(http::verb::put, lease_path(id));
  result.call.body = "{}";
  result.repeatable = true;
  result.wrong = check_name("lease", id);
  return result;
}

request inspect_lease(std::string_view id, const lease_page& page) {
  auto target = with_query(lease_path(id),
                           {{"limit=", page.limit ? std::to_string(*page.limit) : ""},
                            {"after=", page.after}});
  auto result = make(http::verb::get, std::move(target));
  result.wrong = first_of(check_name("lease", id), check_text("after", page.after));
  return result;
}

request end_lease(std::string_view id) {
  auto result = make(http::verb::delete_, lease_path(id));
  result.repeatable = true; // no other lease has this id
  result.wrong = check_name("lease", id);
  return result;
}

request server() {
  return make(http::verb::get, "/v1/server");
}

request access() {
  return make(http::verb::get, "/v1/access");
}

request ping() {
  return make(http::verb::get, "/healthz");
}

acquire_options remaining(acquire_options options, std::chrono::nanoseconds elapsed) {
  if (options.wait)
    options.wait = std::max(milliseconds{0},
                            *options.wait - std::chrono::duration_cast<milliseconds>(elapsed));
  return options;
}

} // namespace lockserver::v1
