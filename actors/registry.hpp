// The registry actor: finds, spawns, lists and reaps the key actors of its
// share of the keys. Decides nothing about locks.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/rules/key_table.hpp"
#include "actors/rules/pacer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockserver {

class registry final : public registry_actor::base {
public:
  /// @param leases hears of what becomes of leases' grants, unless a journal tells it.
  registry(caf::actor_config& cfg, leases_actor leases, lock_environment& env, lock_counts& counts);

  registry_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "registry";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  struct entry {
    key_actor actor;
    std::uint32_t forwarded = 0; ///< Requests passed on to it so far; wraps.
  };

  template <class Reply, class Request>
  caf::result<Reply> pass_on(entry& to, Request& x);
  caf::result<acquire_reply> acquire(acquire_request& x);
  template <class Reply, class Request>
  caf::result<Reply> ask(Request& x, Reply of_free_key);
  template <class Reply, class Request>
  caf::result<Reply> answer(const Request& x, Reply reply);
  template <class Message, class Request>
  bool tell(Request& x);
  void restore(restore_key& x);
  void refuse_some();
  entry& spawn_key(const std::string& name, counted_key counted);
  key_names list(const list_request& x) const;
  void on_idle(const key_idle& x);
  void reap_later(const entry& x) noexcept;
  void reap_left();

  const registry_share share_; // its keys have a reference to it
  lock_environment& env_;
  key_table<entry> keys_;
  wake_up wake_up_{env_.time, this};
  std::vector<key_actor> left_; // idle keys that do not know it; of a fixed capacity
  // While who waits is refused: the key that has been told last.
  std::optional<std::string> refused_up_to_;
  pacer refusing_;
};

} // namespace lockserver
