#include "net/dialects/lock_server.hpp"

#include "lockserver/settings.hpp"
#include "net/dialects/lock_server_text.hpp"
#include "net/dialects/methods.hpp"

#include <utility>

namespace lockserver {

namespace {

http_content line(std::string_view text) {
  return {200, media_type::text, text};
}

reading reading_of(command&& x, const settings& config) {
  switch (x.what) {
    case command::verb::lock:
      break;
    case command::verb::unlock:
      return session_request{release_request{std::move(x.key), std::move(x.requester)}};
    case command::verb::verify:
      return session_request{check_request{std::move(x.key), std::move(x.requester)}};
    case command::verb::check:
      return session_request{check_request{std::move(x.key)}};
    case command::verb::ping:
      return line(answer_yes);
    case command::verb::shutdown:
      return session_request{shutdown_request{}};
  }
  // Constructed in place, because this is the most frequent request.
  reading result{std::in_place_type<session_request>, std::in_place_type<lock_wish>};
  auto& lock = std::get<lock_wish>(std::get<session_request>(result)).request;
  lock.key = std::move(x.key);
  lock.owner = std::move(x.requester);
  lock.ttl = x.lock_timeout.value_or(config.lock_timeout);
  lock.wait = x.lock_attempt_timeout.value_or(config.lock_attempt_timeout);
  return result;
}

// The methods of all paths that belong to no other dialect. OPTIONS for the whole server
// is answered, because load balancers use it as a health check.
std::string_view methods_at(std::string_view target) {
  return target == "*" || target == "/" ? all_methods : methods_of(target);
}

http_content write_refusal(const refusal& x, std::string& out) {
  out = x.reason;
  return {row_of(x.code).status, media_type::text, answer_no, out, x.allow, x.retry_after};
}

struct writer {
  std::string& out;

  http_content operator()(const acquire_reply& x) const {
    if (x.status == acquire_reply::granted) {
      append_expiry(out, x.expires_at);
      return line(out);
    }
    // For any other reason the lock was not obtained, and the line says so. A limit of
    // the server is a different matter.
    if (row_of(x.status).name == row_of(errc::too_many).name)
      return write_refusal(refusal_of(x.status), out);
    return line(answer_no);
  }
  http_content operator()(const release_reply& x) const {
    return line(x.status == release_reply::released ? answer_yes : answer_no);
  }
  http_content operator()(bool x) const {
    return line(x ? answer_yes : answer_no);
  }
  http_content operator()(const refusal& x) const {
    return write_refusal(x, out);
  }
  template <class Other>
  http_content operator()(const Other&) const {
    return write_refusal(mixed_up(), out);
  }
};

} // namespace

// No request of this dialect has a body.
std::optional<refusal> lock_server_dialect::refuse_before_body(const http_request& x, bool) const {
  auto methods = methods_at(x.target);
  if (auto wrong = refuse_method(x.method, methods))
    return wrong;
  if (methods.empty())
    return refusal{errc::not_found, "there is no such path"};
  return refusal{errc::bad_request, "no request of this protocol has a body"};
}

reading lock_server_dialect::read(const http_request& x, const settings& config) const {
  if (auto other = answer_other_method(x.method, methods_at(x.target)))
    return std::move(*other);
  auto encoding = x.version == http_version::v0_9 ? name_encoding::lenient : name_encoding::percent;
  auto result = parse_command(x.target, encoding,
                              {config.max_lock_timeout, config.max_lock_attempt_timeout});
  if (auto* wrong = std::get_if<command_error>(&result))
    return refusal{errc_of_status(wrong->status).value_or(errc::bad_request),
                   std::move(wrong->reason)};
  return reading_of(std::move(std::get<command>(result)), config);
}

http_content lock_server_dialect::write(const session_reply& x, const asked&,
                                        std::string& out) const {
  return std::visit(writer{out}, x);
}

} // namespace lockserver
