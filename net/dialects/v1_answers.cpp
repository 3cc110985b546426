#include "actors/rules/holder_name.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/settings_table.hpp"
#include "lockserver/server.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/methods.hpp"
#include "net/dialects/v1.hpp"
#include "net/session/host_rule.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <type_traits>
#include <variant>

namespace lockserver {

namespace {

namespace json = boost::json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

json::string_view view(std::string_view x) {
  return {x.data(), x.size()};
}

template <class Duration>
std::int64_t to_ms(Duration x) {
  return duration_cast<milliseconds>(x).count();
}

std::string_view mode_name(lock_mode mode) {
  return mode == lock_mode::shared ? "shared" : "exclusive";
}

http_content content(const json::object& x, std::string& out, int status = 200) {
  out = json::serialize(x);
  out += '\n';
  return {status, media_type::json, out};
}

// The rest of a grant's time, or null if it has no end of its own. Rounded up to
// milliseconds, so that no holder is told 0 while it still holds.
json::value ttl_ms(caf::timespan x) {
  if (x == caf::timespan::max())
    return nullptr;
  return std::chrono::ceil<milliseconds>(x).count();
}

// Starts the description of a holder or a waiter.
json::object person(const std::string& name) {
  auto [identity, owner] = parts_of(name);
  json::object result{{"owner", view(owner)}};
  if (!identity.empty())
    result.emplace("identity", view(identity));
  return result;
}

json::array holders(const std::vector<holder_info>& xs) {
  json::array result;
  for (auto& x : xs) {
    auto one = person(x.owner);
    one.emplace("mode", view(mode_name(x.mode)));
    one.emplace("token", x.token);
    one.emplace("ttl_ms", ttl_ms(x.ttl));
    one.emplace("held_ms", to_ms(x.held));
    if (!x.metadata.empty())
      one.emplace("metadata", view(x.metadata));
    result.emplace_back(std::move(one));
  }
  return result;
}

// The `after` of the next page, or null if this is the last page.
json::value next_page(const std::string& x) {
  json::value result;
  if (!x.empty())
    result = view(x);
  return result;
}

json::object lock(const lock_info& x, bool with_queue) {
  json::object result{{"key", view(x.key)},
                      {"holders", holders(x.holders)},
                      {"holder_count", x.holder_count},
                      {"queue_length", x.queue_length}};
  if (with_queue) {
    json::array queue;
    for (auto& w : x.queue) {
      auto one = person(w.owner);
      one.emplace("mode", view(mode_name(w.mode)));
      one.emplace("waiting_ms", to_ms(w.waiting));
      queue.emplace_back(std::move(one));
    }
    result.emplace("queue", std::move(queue));
  }
  if (x.limit != 0)
    result.emplace("limit", x.limit);
  return result;
}

// Of a lock or a lease that another identity has.
refusal refusal_of_anothers(std::string_view what, std::string_view right = {}) {
  auto result = refusal_of(errc::forbidden);
  result.reason = std::string{what} + " belongs to another identity";
  result.right = right;
  return result;
}

// Why a request was not granted, without the holders.
refusal refusal_of(const acquire_reply& x) {
  if (x.status == acquire_reply::forbidden)
    return refusal_of_anothers(x.holders.empty() ? "the lease" : "the lock");
  auto result = refusal_of(x.status);
  if (x.status == acquire_reply::limit_mismatch)
    result.reason = x.limit == 0 ? "the key is in use by shared holders or waiters without a limit"
                                 : "the key is in use as a semaphore with the limit "
                                     + std::to_string(x.limit);
  return result;
}

// A line of a role, as in the access file.
json::object access_rights(const access_line& x) {
  json::object result;
  if (x.keys)
    result.emplace("keys", view(*x.keys));
  json::array allow;
  for (auto& row : all_rights)
    if (x.allow.has(row.what))
      allow.emplace_back(view(row.name));
  result.emplace("allow", std::move(allow));
  return result;
}

json::value value_of(const setting& row, const settings& x) {
  return std::visit(
    [&](auto member) -> json::value {
      using value = std::decay_t<decltype(x.*member)>;
      if constexpr (std::is_same_v<value, settings::duration>)
        return to_ms(x.*member);
      else if constexpr (std::is_arithmetic_v<value>)
        return x.*member;
      else
        return json::string{view(text_of(row, x))};
    },
    row.member);
}

http_content write_problem(const refusal& x, std::string& out, const json::object* more = nullptr) {
  auto& row = row_of(x.code);
  json::object problem{{"type", "about:blank"},
                       {"title", view(reason_phrase(row.status))},
                       {"status", row.status},
                       {"code", view(row.name)},
                       {"detail", view(x.reason)}};
  if (!x.right.empty())
    problem.emplace("right", view(x.right));
  if (more != nullptr)
    for (auto& [name, value] : *more)
      problem.emplace(name, value);
  auto result = content(problem, out, row.status);
  result.type = media_type::problem;
  result.allow = x.allow;
  result.retry_after = x.retry_after;
  return result;
}

struct writer {
  const asked& what;
  std::string& out;

  http_content operator()(const refusal& x) const {
    return write_problem(x, out);
  }

  http_content operator()(const acquire_reply& x) const {
    if (x.status == acquire_reply::granted)
      return content({{"key", view(what.key)},
                      {"owner", view(what.owner)},
                      {"mode", view(mode_name(x.mode))},
                      {"token", x.token},
                      {"ttl_ms", ttl_ms(x.ttl)},
                      {"expires_at_ms", x.expires_at / 1000},
                      {"waited_ms", to_ms(x.waited)}},
                     out);
    json::object more;
    if (x.status == acquire_reply::held || x.status == acquire_reply::wait_timeout) {
      more.emplace("holders", holders(x.holders));
      more.emplace("holder_count", x.holder_count);
      more.emplace("queue_length", x.queue_length);
    } else if (x.status == acquire_reply::not_holder || x.status == acquire_reply::already_held
               || (x.status == acquire_reply::forbidden && !x.holders.empty())) {
      more.emplace("holders", holders(x.holders));
      more.emplace("holder_count", x.holder_count);
    } else if (x.status == acquire_reply::limit_mismatch && x.limit != 0) {
      more.emplace("limit", x.limit);
    }
    return write_problem(refusal_of(x), out, &more);
  }

  http_content operator()(const release_reply& x) const {
    if (x.status == release_reply::released || x.status == release_reply::not_held)
      return content({{"released", x.status == release_reply::released}}, out);
    json::object more{{"holders", holders(x.holders)}, {"holder_count", x.holder_count}};
    auto why = x.status == release_reply::forbidden ? refusal_of_anothers("the lock", "force")
                                                    : refusal_of(x.status);
    return write_problem(why, out, &more);
  }

  http_content operator()(const lock_info& x) const {
    return content(lock(x, true), out);
  }

  http_content operator()(const list_reply& x) const {
    json::array locks;
    for (auto& one : x.locks)
      locks.emplace_back(lock(one, false));
    return content({{"locks", std::move(locks)}, {"next", next_page(x.next)}}, out);
  }

  http_content operator()(const lease_reply& x) const {
    if (x.status == lease_reply::forbidden)
      return write_problem(refusal_of_anothers("the lease"), out);
    if (x.status != lease_reply::alive)
      return write_problem(refusal_of(x.status), out);
    json::object result{{"lease", view(x.lease)}, {"ttl_ms", ttl_ms(x.ttl)}};
    if (x.with_locks) {
      json::array locks;
      for (auto& one : x.locks)
        locks.emplace_back(json::object{{"key", view(one.key)}, {"token", one.token}});
      result.emplace("locks", std::move(locks));
      result.emplace("next", next_page(x.next));
    }
    return content(result, out);
  }

  http_content operator()(const server_info& x) const {
    auto config = x.config;
    config.allowed_hosts = allowed_hosts(config);
    config.restart_grace = restart_grace(config);
    json::object settings;
    for (auto& row : settings_table())
      if (row.is_shown)
        settings.emplace(json_name(row), value_of(row, config));
    settings.emplace("durable", !config.data_dir.empty());
    json::object counts{{"keys", x.now.keys},          {"holders", x.now.holders},
                        {"waiters", x.now.waiters},    {"connections", x.now.connections},
                        {"leases", x.now.leases},      {"commits", x.now.commits},
                        {"decisions", x.now.decisions}};
    json::object result{{"name", "lockserver-caf"},
                        {"version", LOCKSERVER_VERSION},
                        {"uptime_ms", to_ms(x.uptime)}};
    if (x.with_settings)
      result.emplace("settings", std::move(settings));
    result.emplace("counts", std::move(counts));
    return content(result, out);
  }

  http_content operator()(const access_info& x) const {
    json::value identity;
    if (!x.who.is_anonymous())
      identity = view(x.who.name());
    json::array roles;
    json::array rights;
    for (auto& role : x.who.roles()) {
      if (!role->name().empty())
        roles.emplace_back(view(role->name()));
      for (auto& line : role->lines())
        rights.emplace_back(access_rights(line));
    }
    json::array owners;
    for (auto& pattern : x.who.owners().patterns())
      owners.emplace_back(view(pattern));
    return content({{"identity", std::move(identity)},
                    {"roles", std::move(roles)},
                    {"rights", std::move(rights)},
                    {"owners", std::move(owners)}},
                   out);
  }

  http_content operator()(ready) const {
    return {200, media_type::json, "{\"status\":\"ready\"}\n"};
  }
  template <class Other>
  http_content operator()(const Other&) const {
    return write_problem(mixed_up(), out);
  }
};

} // namespace

http_content v1_dialect::write(const session_reply& x, const asked& what, std::string& out) const {
  return std::visit(writer{what, out}, x);
}

} // namespace lockserver
