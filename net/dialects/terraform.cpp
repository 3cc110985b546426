#include "net/dialects/terraform.hpp"

#include "actors/rules/holder_name.hpp"
#include "actors/rules/key_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/bad_input.hpp"
#include "net/dialects/json_members.hpp"
#include "net/dialects/methods.hpp"
#include "net/dialects/target.hpp"
#include "net/dialects/v1.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace lockserver {

namespace {

namespace json = boost::json;

// Terraform sends some hundred bytes. The limit is low because a million bodies may be
// stored.
constexpr std::size_t max_body = 8 * 1024;

constexpr std::string_view methods = "LOCK, UNLOCK, POST, PUT, DELETE, OPTIONS";

// The ID in Terraform's description of a lock, or an empty string.
std::string id_in(std::string_view text) {
  json::error_code ec;
  auto value = json::parse(json::string_view{text.data(), text.size()}, ec);
  auto* object = ec ? nullptr : value.if_object();
  auto* id = object != nullptr ? object->if_contains("ID") : nullptr;
  auto* string = id != nullptr ? id->if_string() : nullptr;
  return string != nullptr ? std::string{string->begin(), string->end()} : std::string{};
}

std::string checked_id(const http_request& x) {
  // A web page can send text to any server, but JSON only to servers that allow it.
  auto body = x.body;
  if (!body.empty())
    require_json(x.content_type);
  if (body.size() > max_body)
    throw bad_input{"the body is longer than 8192 bytes", errc::too_large};
  auto id = id_in(body);
  if (id.empty())
    throw bad_input{"the body must be Terraform's lock info: a JSON object with a string ID"};
  if (auto wrong = check_name("ID", id); !wrong.empty())
    throw bad_input{wrong};
  return id;
}

// The refusal of a method that a lock does not have.
std::optional<refusal> refuse_method(std::string_view method) {
  auto result = lockserver::refuse_method(method, methods);
  if (result && result->code == errc::method_not_allowed)
    result->reason += "; the state itself is not kept here";
  return result;
}

session_request read_acquire(std::string key, const http_request& x, const settings& config) {
  lock_wish result;
  auto& lock = result.request;
  lock.key = std::move(key);
  lock.owner = checked_id(x);
  auto ttl = config.terraform_lock_timeout;
  lock.ttl = ttl > settings::duration::zero() ? ttl : forever;
  lock.metadata = x.body;
  lock.explain = true;
  lock.request_id = lock.owner; // Terraform repeats a LOCK when its answer was lost
  return result;
}

session_request read_release(std::string key, const http_request& x) {
  release_request result{std::move(key), {}};
  // `terraform force-unlock` sends no body. It has asked its user.
  result.force = x.body.empty();
  if (!result.force)
    result.owner = checked_id(x);
  return result;
}

// Terraform reads nothing from it.
http_content success() {
  return {200, media_type::json, "{}\n"};
}

// What Terraform sent when it took the lock. For a holder that is not Terraform, a
// description in Terraform's format, so that Terraform waits.
http_content conflict(errc code, const std::vector<holder_info>& holders, std::string& out) {
  auto& x = holders.front();
  auto owner = std::string{parts_of(x.owner).owner};
  if (id_in(x.metadata) == owner)
    out = x.metadata;
  else
    out = json::serialize(json::object{{"ID", owner},
                                       {"Operation", "lock"},
                                       {"Info", x.metadata},
                                       {"Who", owner},
                                       {"Version", ""},
                                       {"Path", ""}});
  return {row_of(code).status, media_type::json, out};
}

} // namespace

std::optional<refusal> terraform_dialect::refuse_before_body(const http_request& x,
                                                             bool client_waits) const {
  if (!client_waits)
    return std::nullopt;
  return or_refusal([&] {
    auto wrong = refuse_method(x.method);
    if (!wrong)
      require_json(x.content_type);
    return wrong;
  });
}

reading terraform_dialect::read(const http_request& x, const settings& config) const {
  if (auto wrong = refuse_method(x.method))
    return std::move(*wrong);
  if (auto other = answer_other_method(x.method, methods))
    return std::move(*other);
  return or_refusal([&]() -> reading {
    target_parts target{x.target};
    auto key = target.path_behind("/terraform/", "key");
    if (!key)
      throw bad_input{"the path must be /terraform/{key}", errc::not_found};
    [[maybe_unused]] query_parameters none{target.query(), {}};
    if (lists("LOCK, POST, PUT", x.method))
      return read_acquire(std::move(*key), x, config);
    return read_release(std::move(*key), x);
  });
}

http_content terraform_dialect::write(const session_reply& x, const asked& what,
                                      std::string& out) const {
  if (auto* got = std::get_if<acquire_reply>(&x)) {
    if (got->status == acquire_reply::granted || got->status == acquire_reply::already_held)
      return success();
    if (!got->holders.empty() && got->status != acquire_reply::forbidden)
      return conflict(errc::held, got->holders, out);
  } else if (auto* released = std::get_if<release_reply>(&x)) {
    if (released->status == release_reply::not_holder && !released->holders.empty())
      return conflict(errc::not_holder, released->holders, out);
    if (released->status != release_reply::forbidden)
      return success();
  }
  return v1_dialect{}.write(x, what, out); // a problem document
}

} // namespace lockserver
