#include "net/dialects/methods.hpp"

#include <string>

namespace lockserver {

std::optional<refusal> refuse_method(std::string_view method, std::string_view allowed) {
  if (!lists(all_methods, method))
    return refusal{errc::not_implemented, "no path here has this method"};
  if (allowed.empty() || lists(allowed, method))
    return std::nullopt;
  return refusal{errc::method_not_allowed, "the methods here are " + std::string{allowed}, allowed};
}

std::optional<reading> answer_other_method(std::string_view method, std::string_view allowed) {
  if (auto wrong = refuse_method(method, allowed))
    return std::move(*wrong);
  if (allowed.empty() || method != "OPTIONS")
    return std::nullopt;
  http_content result;
  result.allow = allowed;
  return result;
}

refusal mixed_up() {
  return {errc::internal, "the server has mixed up its answers"};
}

} // namespace lockserver
