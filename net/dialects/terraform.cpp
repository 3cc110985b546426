#include "net/dialects/terraform.hpp"

#include "actors/rules/key_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/bad_input.hpp"
#include "net/dialects/json_members.hpp"
#include "net/dialects/target.hpp"
#include "net/dialects/v1.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace lockserver {

namespace {

namespace json = boost::json;

// What Terraform sends has some hundred bytes; a million may be kept.
constexpr std::size_t max_body = 8 * 1024;

constexpr std::string_view methods = "LOCK, UNLOCK, POST, PUT, DELETE, OPTIONS";

// The ID in what Terraform says of a lock, or an empty string.
std::string id_in(std::string_view text) {
  json::error_code ec;
  auto value = json::parse(json::string_view{text.data(), text.size()}, ec);
  auto* object = ec ? nullptr : value.if_object();
  auto* id = object != nullptr ? object->if_contains("ID") : nullptr;
  auto* string = id != nullptr ? id->if_string() : nullptr;
  return string != nullptr ? std::string{string->begin(), string->end()} : std::string{};
}

std::string checked_id(const http_request& x) {
  // A web page can send text to anywhere, but JSON only to where it may.
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

// The answer to a method that a lock does not have.
std::optional<operation> other_method(std::string_view method) {
  auto result = answer_other_method(method, methods);
  if (auto* wrong = result ? std::get_if<refusal>(&*result) : nullptr;
      wrong != nullptr && wrong->code == errc::method_not_allowed)
    wrong->reason += "; the state itself is not kept here";
  return result;
}

operation read_request(const http_request& x, const settings& config) {
  if (auto other = other_method(x.method))
    return std::move(*other);
  target_parts target{x.target};
  auto key = target.path_behind("/terraform/", "key");
  if (!key)
    throw bad_input{"the path must be /terraform/{key}", errc::not_found};
  query_parameters{target.query()}.refuse_others("none");
  if (x.method == "LOCK" || x.method == "POST" || x.method == "PUT") {
    acquire_operation result;
    result.request.key = std::move(*key);
    result.request.owner = checked_id(x);
    auto ttl = config.terraform_lock_timeout;
    result.request.ttl = ttl > settings::duration::zero() ? caf::timespan{ttl} : forever;
    result.request.metadata = x.body;
    result.request.explain = true;
    // Terraform sends a LOCK again when its answer got lost.
    result.request.request_id = result.request.owner;
    return result;
  }
  release_request result;
  result.key = std::move(*key);
  // `terraform force-unlock` sends nothing; it has asked its user.
  result.force = x.body.empty();
  if (!result.force)
    result.owner = checked_id(x);
  return result;
}

// Nothing is read from it.
http_content success() {
  return {200, media_type::json, "{}\n"};
}

// What Terraform said when it took the lock. Whoever took it otherwise is
// described in Terraform's words, so that it waits.
http_content conflict(errc code, const std::vector<holder_info>& holders, std::string& out) {
  auto& x = holders.front();
  if (id_in(x.metadata) == x.owner)
    out = x.metadata;
  else
    out = json::serialize(json::object{{"ID", x.owner},
                                       {"Operation", "lock"},
                                       {"Info", x.metadata},
                                       {"Who", x.owner},
                                       {"Version", ""},
                                       {"Path", ""}});
  return {row_of(code).status, media_type::json, out};
}

} // namespace

std::optional<refusal> terraform_dialect::refuse_before_body(const http_request& x) const {
  try {
    if (auto other = other_method(x.method))
      if (auto* wrong = std::get_if<refusal>(&*other))
        return std::move(*wrong);
    require_json(x.content_type);
    return std::nullopt;
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what(), wrong.allow};
  }
}

operation terraform_dialect::read(const http_request& x, const settings& config) const {
  try {
    return read_request(x, config);
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what(), wrong.allow};
  }
}

http_content terraform_dialect::write(const refusal& x, std::string& out) const {
  return write_problem(x, out);
}

http_content terraform_dialect::write(const acquire_reply& x, const asked& what,
                                      std::string& out) const {
  if (x.status == acquire_reply::granted || x.status == acquire_reply::already_held)
    return success();
  if (!x.holders.empty())
    return conflict(errc::held, x.holders, out);
  return v1_dialect{}.write(x, what, out);
}

http_content terraform_dialect::write(const release_reply& x, std::string& out) const {
  if (x.status != release_reply::not_holder || x.holders.empty())
    return success();
  return conflict(errc::not_holder, x.holders, out);
}

} // namespace lockserver
