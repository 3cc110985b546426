#include "lockserver/caf_error.hpp"

namespace lockserver {

std::string detail_of(const caf::error& x) {
  const auto& context = x.context();
  if (context.match_elements<std::string>() && !context.get_as<std::string>(0).empty())
    return context.get_as<std::string>(0);
  return "CAF reports an error with the code " + std::to_string(x.code());
}

} // namespace lockserver
