#include "net/dialect.hpp"

#include "net/dialects/lock_server.hpp"
#include "net/dialects/terraform.hpp"
#include "net/dialects/v1.hpp"

namespace lockserver {

namespace {

const lock_server_dialect lock_server;
const v1_dialect v1;
const terraform_dialect terraform;

// An answer that no request of the dialect can have.
http_content impossible(const dialect& x, std::string& out) {
  return x.write(refusal{500, "internal", "the server has mixed up its answers"}, out);
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

const dialect& dialect_of(http_version version, std::string_view target) noexcept {
  // The words of the first dialect are in capitals: most requests end here.
  if (version == http_version::v0_9 || (target.size() > 1 && target[1] >= 'A' && target[1] <= 'Z'))
    return lock_server;
  if (target.starts_with("/terraform/"))
    return terraform;
  for (std::string_view start : {"/v1/", "/healthz", "/readyz", "/openapi.yaml"})
    if (target.starts_with(start))
      return v1;
  return lock_server;
}

refusal stopping() {
  return {503, "stopping", "the server stops"};
}

refusal no_answer() {
  return {503, "no_answer", "no answer in time"};
}

refusal recovering() {
  return {503, "recovering", "the server has just been started and is reading what is held"};
}

refusal store_failed(const std::string& problem) {
  return {503, "store_failed",
          (problem.empty() ? "the store could not be written" : problem) + "; nothing has changed"};
}

refusal restart_grace(unsigned seconds) {
  refusal result{503, "restart_grace",
                 "the server has just been started and does not know who holds what; it grants in "
                   + std::to_string(seconds) + " s"};
  result.retry_after = seconds;
  return result;
}

} // namespace lockserver
