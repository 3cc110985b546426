// Messages of the client actor that never leave the process: CAF refuses to serialize
// them. They are in the same block as the others, so that a user's program has only one
// block to register.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <string>

namespace lockserver {

/// Tells an actor that the time of its wake-up has come.
struct deadline_reached {};

/// Asks for the actor that a server has published. The answer is its address.
struct connect_request {
  std::string host;
  std::uint16_t port = 0;
};

} // namespace lockserver

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::deadline_reached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::connect_request)
