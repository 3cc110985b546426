// The lister actor: makes one page of held keys, without the registries or the
// keys having to stop for it.
#pragma once

#include "actors/actors.hpp"
#include "actors/guarded.hpp"
#include "actors/registries.hpp"
#include "actors/rules/answer_room.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace lockserver {

/// Lives for one request. Each registry names its next keys, a few at a time, which
/// takes it a look into an ordered index; the first of all of them are then asked.
/// Keys that nobody holds just now are left out. A page ends when it has as many
/// keys as asked for, or when the answer has no room for more (`answer_room`).
class lister final : public lister_actor::base {
public:
  /// @param keys given up when this actor ends.
  /// @param ranges the keys that may be listed, as prefixes in byte order, each within the
  ///        request's prefix and none a prefix of another.
  lister(caf::actor_config& cfg, std::shared_ptr<const registries> keys,
         std::vector<std::string> ranges);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "lister";
  }

  /// See `guarded`.
  void on_exception() noexcept;

private:
  void skip_ranges();
  void next_range();
  void ask_for_names();
  void on_names();
  void on_locks();
  bool add(lock_info&& x);
  void finish();
  void fail(const caf::error& why);

  std::shared_ptr<const registries> keys_;
  caf::typed_response_promise<list_reply> promise_;
  list_request wanted_; // of the present range
  std::deque<std::string> ranges_;
  list_reply page_;
  answer_room room_;
  std::size_t outstanding_ = 0;
  std::size_t round_ = 0;          // names asked for at a time
  std::vector<std::string> names_; // that are just being asked
  std::vector<lock_info> locks_;   // in the order of `names_`
  bool more_ = false;              // keys come behind `names_`
};

} // namespace lockserver
