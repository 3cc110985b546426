// Tells ThreadSanitizer what CAF 0.17 orders. Debian's CAF is not built with it, so it
// does not see CAF's atomic operations, and would call every message a race. The dynamic
// linker prefers these functions to CAF's of the same name, also for CAF's own calls.
// Part of builds with ThreadSanitizer only; a CAF that is built with it needs none of this.
//
// What is told is as little as CAF promises, so that a race of ours is still found:
//
// - what the sender did before it sent a message comes before what handles that message;
// - what one actor does, it does one after the other, on whatever threads;
// - what was done with an actor comes before its end, when the last reference goes.
#include "lockserver/detail/caf.hpp"

#if !LOCKSERVER_CAF_1

#  include <caf/actor_control_block.hpp>
#  include <caf/blocking_actor.hpp>
#  include <caf/detail/sync_request_bouncer.hpp>
#  include <caf/mailbox_element.hpp>
#  include <caf/scheduled_actor.hpp>

#  include <sanitizer/tsan_interface.h>

#  include <dlfcn.h>

#  include <atomic>
#  include <cstdlib>
#  include <utility>

namespace {

// CAF's own function, by its mangled name. A member function is called like a function
// whose first parameter is the object.
template <class F>
F* original(const char* name) {
  auto* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr)
    std::abort(); // another CAF: its names have to be found anew
  return reinterpret_cast<F*>(found);
}

} // namespace

namespace caf {

void scheduled_actor::enqueue(mailbox_element_ptr what, execution_unit* host) {
  static auto* const original_enqueue
    = original<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEE"
      "PNS_14execution_unitE");
  __tsan_release(what.get());
  original_enqueue(this, std::move(what), host);
}

// Makes the actor ready in its first turn.
bool scheduled_actor::activate(execution_unit* host) {
  static auto* const original_activate = original<bool(scheduled_actor*, execution_unit*)>(
    "_ZN3caf15scheduled_actor8activateEPNS_14execution_unitE");
  __tsan_acquire(this);
  const auto result = original_activate(this, host);
  __tsan_release(this);
  return result;
}

// Handles one message. The actor's next turn begins after this has returned, but maybe
// before its `resume` has.
scheduled_actor::activation_result scheduled_actor::reactivate(mailbox_element& what) {
  static auto* const original_reactivate
    = original<activation_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor10reactivateERNS_15mailbox_elementE");
  __tsan_acquire(&what);
  __tsan_acquire(this);
  const auto result = original_reactivate(this, what);
  __tsan_release(this);
  return result;
}

void blocking_actor::enqueue(mailbox_element_ptr what, execution_unit* host) {
  static auto* const original_enqueue
    = original<void(blocking_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEE"
      "PNS_14execution_unitE");
  __tsan_release(what.get());
  original_enqueue(this, std::move(what), host);
}

// An actor that waits for messages handles one.
intrusive::task_result blocking_actor::mailbox_visitor::operator()(mailbox_element& what) {
  static auto* const original_visit
    = original<intrusive::task_result(mailbox_visitor*, mailbox_element&)>(
      "_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE");
  __tsan_acquire(&what);
  return original_visit(this, what);
}

// An actor that has ended drops a message.
void detail::sync_request_bouncer::operator()(const mailbox_element& what) const {
  static auto* const original_bounce
    = original<void(const sync_request_bouncer*, const mailbox_element&)>(
      "_ZNK3caf6detail20sync_request_bouncerclERKNS_15mailbox_elementE");
  __tsan_acquire(const_cast<mailbox_element*>(&what));
  original_bounce(this, what);
}

// This does what CAF's function does, and ThreadSanitizer sees it.
void intrusive_ptr_release(actor_control_block* x) {
  if (x->strong_refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  x->data_dtor(x->get());
  intrusive_ptr_release_weak(x);
}

} // namespace caf

#endif
