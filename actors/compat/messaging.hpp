// Actors send, ask, answer and fail in the same way with both versions of CAF.
#pragma once

#include "lockserver/detail/caf.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#if LOCKSERVER_CAF_1
#  include <caf/anon_mail.hpp>
#else
#  include <caf/atom.hpp>
#endif

namespace lockserver::compat {

// -- type registration --------------------------------------------------------

/// Registers the message types of `Blocks`. Call it before you make any config.
template <class... Blocks>
void init_types() {
#if LOCKSERVER_CAF_1
  (caf::init_global_meta_objects<Blocks>(), ...);
  caf::core::init_global_meta_objects();
#endif
}

/// The same for a module, such as `caf::io::middleman`.
template <class Module>
void init_module_types() {
#if LOCKSERVER_CAF_1
  Module::init_global_meta_objects();
#endif
}

/// Registers the message types of `Blocks` with one system. Call it for its config.
template <class... Blocks>
void register_types([[maybe_unused]] caf::actor_system_config& cfg) {
#if !LOCKSERVER_CAF_1
  (cfg.add_message_types<Blocks>(), ...);
#endif
}

// -- messaging ----------------------------------------------------------------

template <class Self, class Handle, class... Ts>
void send(Self* self, const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  self->mail(std::forward<Ts>(xs)...).send(to);
#else
  self->send(to, std::forward<Ts>(xs)...);
#endif
}

/// A request without a timeout in CAF: the caller has its own deadline.
template <class Self, class Handle, class... Ts>
auto request(Self* self, const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  return self->mail(std::forward<Ts>(xs)...).request(to, caf::infinite);
#else
  return self->request(to, caf::infinite, std::forward<Ts>(xs)...);
#endif
}

template <class Handle, class... Ts>
void anon_send(const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  caf::anon_mail(std::forward<Ts>(xs)...).send(to);
#else
  caf::anon_send(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends a message after some time, by CAF's clock. It cannot be cancelled, and keeps the
/// receiver alive until then.
template <class Handle, class T>
void delayed_anon_send(const Handle& to, std::chrono::nanoseconds delay, T x) {
#if LOCKSERVER_CAF_1
  caf::anon_mail(std::move(x)).delay(delay).send(to);
#else
  caf::delayed_anon_send(to, delay, std::move(x));
#endif
}

/// Calls `f` with the address of `whom` and the reason when `whom` has ended, or when its
/// node can no longer be reached (`is_unreachable`). Calls it at once if `whom` has
/// already ended. An actor of CAF 0.17 has one such function: pass the same `f` each
/// time.
template <class Self, class F>
void on_down(Self* self, const caf::actor& whom, F f) {
#if LOCKSERVER_CAF_1
  self->monitor(whom, [address = whom.address(), f](const caf::error& why) { f(address, why); });
#else
  self->set_down_handler([f](const caf::down_msg& x) { f(x.source, x.reason); });
  self->monitor(whom);
#endif
}

/// Whether the actor has not ended, but its node can no longer be reached.
inline bool is_unreachable(const caf::error& why) {
  return why == caf::exit_reason::remote_link_unreachable;
}

/// The type that `self` returns when it delegates its request to `to` with `xs`.
#if LOCKSERVER_CAF_1
template <class Self, class To, class... Ts>
using delegated_by
  = decltype(std::declval<Self&>().mail(std::declval<Ts>()...).delegate(std::declval<const To&>()));
#else
template <class Self, class To, class... Ts>
using delegated_by
  = decltype(std::declval<Self&>().delegate(std::declval<const To&>(), std::declval<Ts>()...));
#endif

/// Makes a message without a sender. It has no forwarding stages, because we do not
/// compose actors.
template <class... Ts>
caf::mailbox_element_ptr make_element(caf::message_id id, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  return caf::make_mailbox_element(nullptr, id, std::forward<Ts>(xs)...);
#else
  return caf::make_mailbox_element(nullptr, id, {}, std::forward<Ts>(xs)...);
#endif
}

/// The answer of a handler, or null.
template <class T>
caf::message* value_of(caf::result<T>& x) {
#if LOCKSERVER_CAF_1
  return std::get_if<caf::message>(&x.get_data());
#else
  return x.flag == caf::rt_value ? &x.value : nullptr;
#endif
}

/// The error with which a handler has answered, or null.
template <class T>
caf::error* error_of(caf::result<T>& x) {
#if LOCKSERVER_CAF_1
  return std::get_if<caf::error>(&x.get_data());
#else
  return x.flag == caf::rt_error ? &x.err : nullptr;
#endif
}

/// Ends an actor after it has handled the messages that it has received.
template <class Self>
void anon_send_exit(Self* self) {
  caf::anon_send_exit(self->address(), caf::exit_reason::user_shutdown);
}

// -- version ------------------------------------------------------------------

/// The version of CAF, such as "0.17.6". Two nodes must have the same.
inline std::string version() {
  return std::to_string(CAF_MAJOR_VERSION) + "." + std::to_string(CAF_MINOR_VERSION) + "."
         + std::to_string(CAF_PATCH_VERSION);
}

// -- errors -------------------------------------------------------------------

inline std::string render([[maybe_unused]] caf::actor_system& sys, const caf::error& x) {
#if LOCKSERVER_CAF_1
  return to_string(x);
#else
  return sys.render(x);
#endif
}

// -- CAF's network --------------------------------------------------------------

/// The name under which CAF's middleman knows the actor that speaks BASP.
inline auto basp_broker_name() {
#if LOCKSERVER_CAF_1
  return "BASP";
#else
  return caf::atom("BASP");
#endif
}

} // namespace lockserver::compat
