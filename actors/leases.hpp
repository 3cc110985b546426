// The actor of all leases: carries messages to their rules, and what these decide to
// the store and the keys. Decides nothing about locks.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/registries.hpp"
#include "actors/rules/lease_endings.hpp"
#include "actors/rules/lease_table.hpp"
#include "actors/rules/pacer.hpp"

#include <memory>
#include <string>

namespace lockserver {

/// A lease is a promise that its client lives: while it is renewed in time, all
/// grants that were made with it last; when it ends, they all end, and who
/// waits with it is refused. There is one actor for all of them, since they are
/// few and seldom asked: one per client process, renewed every few seconds.
///
/// A lease is over at the end of its time, however late the timer is. The keys
/// hear of it when the timer fires, some at a time (`pacer`), so a grant may outlive
/// its lease by that much; it never ends before. Who ends a lease is answered
/// when all keys have heard of it: then its locks are free.
///
/// With a durable store the journal is told first: a lease is made and ended
/// once that is stored, and the answers leave then. An acquire is asked for here, so
/// its answer comes back when the grant is stored, and goes on with the time of the
/// lease.
class leases final : public leases_actor::base {
public:
  /// @param keys given up when this actor ends.
  leases(caf::actor_config& cfg, std::shared_ptr<const registries> keys, lock_environment& env);

  leases_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "leases";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  using promise = caf::typed_response_promise<lease_reply>;
  using notice = lease_endings<promise>::notice;

  caf::result<acquire_reply> acquire(lease_acquire_request& x);
  caf::result<lease_reply> create(const lease_create_request& x);
  caf::result<lease_reply> renew(const std::string& name);
  caf::result<lease_reply> inspect(lease_inspect_request& question);
  void add_page(lease_reply& to, const lease_inspect_request& question) const;
  caf::result<lease_reply> end(const std::string& asked);

  struct named {
    errc status; // what to answer without one
    const lease_table::lease* lease;
  };
  named find(const std::string& name) const;

  void attach(lease_id id, const std::string& key, acquire_reply& x);

  template <class Reply>
  caf::result<Reply> tell(Reply x);

  // Calls `f` with a promise once `what` is stored, or calls `undo` and refuses.
  template <class F, class G>
  caf::result<lease_reply> store(lease_entry what, F f, G undo);
  template <class Promise, class F>
  void attempt(Promise& answer, const F& f);
  template <class Promise>
  static void fail(Promise& answer) noexcept;
  void add(const lease_record& x);
  void restore(const lease_regranted& x);

  void expire_some();
  void end(const lease_table::lease& x, promise answer = {});
  void tell_keys();
  void tell_key(const notice& x);
  void finish(lease_endings<promise>::ending& x);
  void set_alarm();

  std::shared_ptr<const registries> keys_;
  lock_environment& env_;
  wake_up wake_up_;
  lease_table leases_;
  lease_endings<promise> endings_;
  pacer told_;
};

} // namespace lockserver
