#include "net/dialects/router.hpp"

#include "net/dialects/lock_server.hpp"
#include "net/dialects/terraform.hpp"
#include "net/dialects/v1.hpp"

namespace lockserver {

namespace {

const lock_server_dialect lock_server;
const v1_dialect v1;
const terraform_dialect terraform;

} // namespace

const dialect& dialect_of(http_version version, std::string_view target) noexcept {
  // The paths of Lock::Server's protocol begin with a capital. Most requests end here.
  if (version == http_version::v0_9 || (target.size() > 1 && target[1] >= 'A' && target[1] <= 'Z'))
    return lock_server;
  if (target.starts_with("/terraform/"))
    return terraform;
  if (v1_dialect::serves(target))
    return v1;
  return lock_server;
}

} // namespace lockserver
