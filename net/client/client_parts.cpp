#include "net/client/client_parts.hpp"

#include "actors/rules/key_name.hpp"
#include "net/client/http_call.hpp"

#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace lockserver {

process_parts::process_parts(client_target target)
  : process(getpid()), core(std::make_shared<blocking_core>(std::move(target))) {
}

// A lock that is being released may use the keeper a moment longer. The keeper's thread
// ends here nevertheless.
process_parts::~process_parts() {
  if (keeper_)
    keeper_->stop();
}

std::shared_ptr<lock_keeper> process_parts::keeper() {
  std::lock_guard guard{mutex_};
  if (!keeper_)
    keeper_ = std::make_shared<lock_keeper>(core->target);
  return keeper_;
}

void check_client(const std::string& name, const std::string& host, const client_options& options) {
  if (name.empty())
    throw std::invalid_argument("Must supply a locker name: it must have 1 to 512 bytes");
  if (auto wrong = check_name("locker name", name); !wrong.empty())
    throw std::invalid_argument(wrong);
  if (auto wrong = check_name("host", host); !wrong.empty())
    throw std::invalid_argument(wrong);
  if (auto wrong = check_token(options.token); !wrong.empty())
    throw std::invalid_argument(wrong);
}

client_parts::client_parts(std::string who, const std::string& host, std::uint16_t port,
                           const client_options& options)
  : name(std::move(who)) {
  check_client(name, host, options);
  parts_ = new process_parts{client_target{host, port, options}};
}

client_parts::~client_parts() {
  auto* parts = parts_.load();
  if (parts->process == getpid())
    delete parts;
  else
    // Its destructor would wait for a thread that the child does not have.
    parts->core->leave_to_parent();
}

process_parts& client_parts::here() {
  auto* parts = parts_.load();
  if (parts->process == getpid())
    return *parts;
  auto& old = *parts->core;
  auto mine = std::make_unique<process_parts>(old.target);
  if (parts_.compare_exchange_strong(parts, mine.get())) {
    old.leave_to_parent(); // the rest is leaked, for the same reason
    return *mine.release();
  }
  return *parts;
}

} // namespace lockserver
