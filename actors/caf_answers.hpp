// Answers to requests that an exception does not lose. CAF's own ways take who asks
// out of the request before they allocate, so that nobody could be told what failed.
#pragma once

#include "actors/compat/messaging.hpp"

#include <utility>

namespace lockserver::compat {

namespace detail {

// The message of an actor's turn if it can still be answered or passed on, else null.
template <class Self>
caf::mailbox_element* unanswered(Self* self) noexcept {
  auto* x = self->current_mailbox_element();
  return x == nullptr || x->mid.is_answered() || x->mid.is_response() ? nullptr : x;
}

// Answers the message of this turn, which has not been answered.
template <class Self>
void answer(Self* self, caf::message&& x) {
  auto* asked = unanswered(self);
  if (asked == nullptr || asked->sender == nullptr)
    return;
  auto element = make_element(asked->mid.response_id(), std::move(x));
  element->sender = self->ctrl();
  auto to = std::move(asked->sender);
  to->enqueue(std::move(element), self->context());
}

} // namespace detail

/// Passes the message of this turn on as `xs`; the answer goes to whoever asked.
template <class Self, class Handle, class... Ts>
auto delegate(Self* self, const Handle& to, Ts&&... xs) {
  delegated_by<Self, Handle, Ts...> result;
  if (auto* asked = detail::unanswered(self)) {
    auto element = make_element(asked->mid, std::forward<Ts>(xs)...);
    element->sender = std::move(asked->sender);
    asked->mid.mark_as_answered();
    caf::actor_cast<caf::abstract_actor*>(to)->enqueue(std::move(element), self->context());
  }
  return result;
}

/// The same with a promise.
template <class Promise, class Handle, class T>
void delegate_promise(Promise& x, const Handle& to, T&& what) {
  auto once = x;
  once.delegate(to, std::forward<T>(what));
  x = {};
}

/// Answers the message of this turn with `x`, and not after the handler has returned,
/// so that the handler can catch what that throws. What is returned answers nothing.
template <class Self, class T>
caf::result<T> respond(Self* self, caf::result<T>&& x) {
  if (auto* value = value_of(x))
    detail::answer(self, std::move(*value));
  else if (auto* error = error_of(x))
    detail::answer(self, caf::make_message(std::move(*error)));
  return caf::delegated<T>{};
}

/// The same for a handler that returns nothing.
template <class Self>
void respond(Self* self) {
  if (auto* asked = detail::unanswered(self); asked != nullptr && asked->mid.is_request())
    detail::answer(self, caf::message{});
}

/// Answers with an error if the message of this turn has not been answered. If that
/// fails as well, nobody answers it: CAF's own attempt would end the actor.
template <class Self>
void respond_failed(Self* self) noexcept {
  auto* asked = detail::unanswered(self);
  if (asked == nullptr)
    return;
  try {
    if (asked->mid.is_request())
      detail::answer(self, caf::make_message(caf::make_error(caf::sec::runtime_error)));
  } catch (...) { // whoever asked has a deadline
  }
  asked->sender = nullptr;
}

/// Makes an actor that is ready for its first message. CAF would make it ready in its
/// first turn, and end it when that fails. Throws then: nobody has heard of it.
/// @param by spawns it: an actor, or the system.
template <class Actor, class Spawner, class... Ts>
auto spawn_ready(Spawner& by, Ts&&... xs) {
  auto result = by.template spawn<Actor, caf::lazy_init>(std::forward<Ts>(xs)...);
  auto* made = static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(result));
  try {
    made->initialize();
  } catch (...) {
    // CAF 1 calls its `on_exit`, 0.17 does not.
    made->cleanup(caf::make_error(caf::sec::runtime_error), nullptr);
    throw;
  }
  return result;
}

} // namespace lockserver::compat
