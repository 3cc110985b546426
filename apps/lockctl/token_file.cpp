#include "apps/lockctl/token_file.hpp"

#include "net/client/http_call.hpp"
#include "net/pem/pem.hpp"

#include <stdexcept>

namespace lockserver::lockctl {

std::string read_token_file(const std::string& name) {
  auto result = pem::read("the token file", name, pem::secrecy::owner_and_group).content;
  result.resize(result.substr(0, result.find('\n')).find_last_not_of(" \t\r\f\v") + 1);
  auto wrong = result.empty() ? "its first line must be a token, but is empty"
                              : check_token(result);
  if (!wrong.empty())
    throw std::invalid_argument{"the token file '" + name + "' cannot be used: " + wrong};
  return result;
}

} // namespace lockserver::lockctl
