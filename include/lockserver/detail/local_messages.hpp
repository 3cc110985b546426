// Messages of the client actor that cannot leave the process: CAF refuses to read or
// write them. They are in the block of the others so that a user's program has one
// block to make known.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <string>

namespace lockserver {

/// To an actor that set a wake-up: its time has come.
struct deadline_reached {};

/// Asks for the actor that a server has published. Answered by its address.
struct connect_request {
  std::string host;
  std::uint16_t port = 0;
};

} // namespace lockserver

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::deadline_reached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::connect_request)
