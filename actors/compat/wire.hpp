// The bytes that CAF writes for a value on the wire.
#pragma once

#include "lockserver/detail/caf.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_serializer.hpp>

#include <cstddef>
#include <vector>

#if LOCKSERVER_CAF_1
#  include <caf/byte_buffer.hpp>
#endif

namespace lockserver::compat {

/// The bytes of `x`.
template <class T>
auto wire_bytes(caf::actor_system& sys, T& x) {
#if LOCKSERVER_CAF_1
  caf::byte_buffer buffer;
  caf::binary_serializer sink{sys, buffer};
  static_cast<void>(sink.apply(x));
#else
  std::vector<char> buffer;
  caf::binary_serializer sink{sys, buffer};
  static_cast<void>(sink(x));
#endif
  return buffer;
}

/// The number of these bytes.
template <class T>
std::size_t wire_size(caf::actor_system& sys, T& x) {
  return wire_bytes(sys, x).size();
}

/// The data before a message from one actor to another.
inline auto wire_stages(caf::actor_system& sys) {
#if LOCKSERVER_CAF_1
  static_cast<void>(sys);
  return caf::byte_buffer{};
#else
  std::vector<caf::strong_actor_ptr> none;
  return wire_bytes(sys, none);
#endif
}

} // namespace lockserver::compat
