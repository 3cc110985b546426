// A client of a scripted peer.
#pragma once

#include "lockserver/rest_client.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/scripted_peer.hpp"

namespace test {

// Usually one try to connect, because a second one would hide the result of the first.
inline lockserver::client_options one_try() {
  lockserver::client_options result;
  result.reconnect_attempts = 1;
  return result;
}

inline lockserver::rest_client client_of(const scripted_peer& peer,
                                         lockserver::client_options options = one_try()) {
  return lockserver::rest_client{"me", "127.0.0.1", peer.port(), options};
}

} // namespace test
