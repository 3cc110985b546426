#include "net/client/rest_client_impl.hpp"

#include <unistd.h>
#include <utility>

namespace lockserver {

process_parts::process_parts(const std::string& host, std::uint16_t port,
                             const client_options& options)
  : process(getpid()), core(std::make_shared<client_core>(host, port, options)) {
}

// A lock that is being released may have the keeper for a moment longer: its
// thread ends here nevertheless.
process_parts::~process_parts() {
  if (keeper_)
    keeper_->stop();
}

std::shared_ptr<lock_keeper> process_parts::keeper() {
  std::lock_guard guard{mutex_};
  if (!keeper_)
    keeper_ = std::make_shared<lock_keeper>(core->host, core->port, core->options);
  return keeper_;
}

client_parts::client_parts(std::string who, const std::string& host, std::uint16_t port,
                           const client_options& options)
  : name(std::move(who)), parts_(new process_parts{host, port, options}) {
}

client_parts::~client_parts() {
  auto* parts = parts_.load();
  if (parts->process == getpid())
    delete parts;
  else
    parts->core->leave_to_parent(); // its thread, for which the rest would wait, is not here
}

process_parts& client_parts::here() {
  auto* parts = parts_.load();
  if (parts->process == getpid())
    return *parts;
  auto& old = *parts->core;
  auto mine = std::make_unique<process_parts>(old.host, old.port, old.options);
  if (parts_.compare_exchange_strong(parts, mine.get())) {
    old.leave_to_parent(); // and the rest is left as it is, for the same reason
    return *mine.release();
  }
  return *parts;
}

} // namespace lockserver
