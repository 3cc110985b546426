// Answers of the JSON dialect, for a `scripted_peer`.
#pragma once

#include "tests/support/scripted_peer.hpp"

#include <chrono>
#include <string>

namespace test {

/// An answer with a JSON body.
inline step json(const std::string& body, const std::string& code = "200 OK") {
  return {step::answer, "HTTP/1.1 " + code
                          + "\r\nContent-Type: application/json\r\nContent-Length: "
                          + std::to_string(body.size()) + "\r\n\r\n" + body};
}

inline step problem(const std::string& code, const std::string& status) {
  return json("{\"code\":\"" + code + "\",\"detail\":\"the detail\"}", status);
}

/// A grant of `key` to `me`.
inline step granted(std::chrono::milliseconds ttl, int token = 1) {
  return json("{\"key\":\"key\",\"owner\":\"me\",\"mode\":\"exclusive\",\"token\":"
              + std::to_string(token) + ",\"ttl_ms\":" + std::to_string(ttl.count())
              + ",\"expires_at_ms\":1700000000000,\"waited_ms\":0}");
}

inline const step not_holder = problem("not_holder", "409 Conflict");
inline const step released = json("{\"released\":true}");

} // namespace test
