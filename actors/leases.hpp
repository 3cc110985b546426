// The actor of all leases: knows what each has, renews and ends them. Decides
// nothing about locks.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/registries.hpp"
#include "actors/rules/pacer.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

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
/// once that is stored, and the answers leave then.
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

  // What a lease has at one key.
  struct share {
    std::size_t unanswered = 0; ///< Requests on their way or waiting.
    std::set<std::uint64_t> tokens;
  };
  // In the order in which they are shown.
  using share_map = std::map<std::string, share, std::less<>>;
  struct entry {
    std::string name;
    std::string owner;
    caf::timespan ttl;
    time_point expires_at;
    time_point promised; ///< Until when it lasts by what is stored, or sooner.
    share_map keys{};
    std::size_t locks = 0; ///< In all `keys`, asked for or granted.
  };
  // What a lease that is over had, until all keys have heard of it.
  struct ending {
    lease_id id;
    std::string name;
    share_map keys; ///< That have not been told.
    share_map told; ///< That have not answered.
    promise answer; ///< Of who ends it, if anyone does.
  };
  using lease_map = std::unordered_map<lease_id, entry>;

  caf::result<acquire_reply> acquire(lease_acquire_request& x);
  caf::result<lease_reply> create(const lease_create_request& x);
  caf::result<lease_reply> renew(const std::string& name);
  caf::result<lease_reply> inspect(const lease_inspect_request& question);
  lease_reply look(const std::string& lease);
  caf::result<lease_reply> end(const std::string& name);

  // Calls `f` with a promise once `what` is stored, or calls `undo` and refuses.
  template <class F, class G>
  caf::result<lease_reply> store(lease_entry what, F f, G undo);
  template <class F>
  void attempt(promise& answer, const F& f);
  static void fail(promise& answer) noexcept;
  lease_reply add(const lease_record& x);
  void set_expiry(entry& x, lease_id id, time_point expires_at);
  void regrant(const lease_regranted& x);

  static void add_page(lease_reply& to, const entry& x, const lease_inspect_request& question);
  lease_map::iterator find(const std::string& name);
  void expire_some();
  void remove(lease_map::iterator x, promise answer = {});
  void tell_keys();
  void tell_key(const std::shared_ptr<ending>& x);
  void finish(ending& x);
  template <class F>
  void change_share(lease_id id, const std::string& key, F change);
  void set_alarm();

  std::shared_ptr<const registries> keys_;
  lock_environment& env_;
  wake_up wake_up_;
  lease_map leases_;
  std::unordered_map<std::string, lease_id> by_name_;
  std::set<std::pair<time_point, lease_id>> by_expiry_;
  lease_id last_id_ = 0;
  std::size_t being_made_ = 0;                  // not in `leases_` yet
  std::deque<std::shared_ptr<ending>> endings_; // each has keys to tell
  pacer told_;
};

} // namespace lockserver
