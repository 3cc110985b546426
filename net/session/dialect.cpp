#include "net/session/dialect.hpp"

#include <algorithm>

namespace lockserver {

namespace {

// An answer that no request of the dialect can have.
http_content impossible(const dialect& x, std::string& out) {
  return x.write(refusal{errc::internal, "the server has mixed up its answers"}, out);
}

// Whether a list such as "GET, POST" has it.
bool lists(std::string_view list, std::string_view one) {
  for (; !list.empty(); list.remove_prefix(std::min(list.find(' '), list.size() - 1) + 1))
    if (list.starts_with(one) && (list.size() == one.size() || list[one.size()] == ','))
      return true;
  return false;
}

} // namespace

http_content dialect::write(const acquire_reply&, const asked&, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(const release_reply&, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(bool, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(const lock_info&, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(const list_reply&, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(const lease_reply&, std::string& out) const {
  return impossible(*this, out);
}
http_content dialect::write(const server_info&, std::string& out) const {
  return impossible(*this, out);
}

std::optional<operation> answer_other_method(std::string_view method, std::string_view allowed) {
  if (!lists(all_methods, method))
    return refusal{errc::not_implemented, "no path here has this method"};
  if (allowed.empty() || (method != "OPTIONS" && lists(allowed, method)))
    return std::nullopt;
  if (method != "OPTIONS")
    return refusal{errc::method_not_allowed, "the methods here are " + std::string{allowed},
                   allowed};
  known_answer result;
  result.content.allow = allowed;
  return result;
}

refusal refusal_of(errc x) {
  refusal result{x, std::string{row_of(x).sentence}};
  if (x == errc::too_many_waits)
    result.retry_after = 1; // the least: a wait may end at any moment
  return result;
}

refusal store_failed(const std::string& problem) {
  if (problem.empty())
    return refusal_of(errc::store_failed);
  return {errc::store_failed, problem + "; nothing has changed"};
}

refusal restart_grace(unsigned seconds) {
  auto result = refusal_of(errc::restart_grace);
  result.reason += "; it grants in " + std::to_string(seconds) + " s";
  result.retry_after = seconds;
  return result;
}

} // namespace lockserver
