// The messages that cannot leave a server's process: CAF refuses to read or write them,
// so no peer can send one.
#pragma once

#include "actors/compat/messaging.hpp"
#include "actors/journal_messages.hpp"
#include "actors/messages.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::acquire_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::key_names)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lease_acquire_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lease_released)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lease_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::key_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lock_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable<lockserver::acquire_reply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable<lockserver::release_reply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable<lockserver::lease_reply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable_look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::durable_names)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lease_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::leases_expired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::key_rolled_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::commit_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::restore_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::roll_back_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::refuse_waiters)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::key_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::used_lease_ids)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::restore_lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockserver::lease_regranted)

// Far behind the types that cross from node to node, and those of a program that has a
// server and types of its own.
CAF_BEGIN_TYPE_ID_BLOCK(lockserver_internal, caf::first_custom_type_id + 1100)
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::acquire_request))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::key_names))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lease_acquire_request))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lease_released))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lease_ended))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::key_idle))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lock_entry))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable<lockserver::acquire_reply>) )
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable<lockserver::release_reply>) )
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable<lockserver::lease_reply>) )
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable_check))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable_look))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::durable_names))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lease_entry))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::leases_expired))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::key_rolled_back))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::commit_now))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::restore_key))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::roll_back_key))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::refuse_waiters))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::key_notice))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::used_lease_ids))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::restore_lease))
  CAF_ADD_TYPE_ID(lockserver_internal, (lockserver::lease_regranted))
CAF_END_TYPE_ID_BLOCK(lockserver_internal)

namespace lockserver {

/// Makes the messages of a server known. Call before any config is made.
inline void init_server_types() {
  compat::init_types<caf::id_block::lockserver, caf::id_block::lockserver_internal>();
}

} // namespace lockserver
