#include "net/access/failed_logins.hpp"

namespace lockserver {

auto failed_logins::wait(const client_network& from, clock::time_point now) const
  -> std::optional<clock::duration> {
  const auto* x = records_.find(from);
  if (x == nullptr || now >= x->pause_until)
    return std::nullopt;
  return x->pause_until - now;
}

void failed_logins::failed(const client_network& from, clock::time_point now) {
  auto& x = records_.use(from);
  if (now < x.pause_until)
    return;
  x.times[x.count++ % most] = now;
  // The next place in the ring has the oldest of the last ten.
  if (x.count < most || now - x.times[x.count % most] >= window)
    return;
  x.count = 0;
  x.pause_until = now + pause;
}

} // namespace lockserver
