#include "apps/lockctl/owner.hpp"

#include "actors/rules/random_name.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace lockserver::lockctl {

std::string default_owner(const std::vector<std::string>& allowed) {
  auto many = std::find_if(allowed.begin(), allowed.end(),
                           [](auto& pattern) { return pattern.ends_with('*'); });
  auto result = many != allowed.end() ? many->substr(0, many->size() - 1) : std::string{};
  auto* entry = getpwuid(geteuid());
  std::string user = entry != nullptr ? entry->pw_name : std::to_string(geteuid());
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  // The random part is needed in containers, where every command is process 1.
  return result + user + "@" + host.data() + ":" + std::to_string(getpid()) + "-"
         + random_name().substr(0, 8);
}

} // namespace lockserver::lockctl
