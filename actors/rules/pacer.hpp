// How an actor gives out much work without getting into others' way.
#pragma once

#include <cstddef>

namespace lockserver {

/// Counts the pieces of one actor's work that others have under way: each is a
/// request, and begins only when there is room. So its messages never fill a
/// mailbox in front of those of others, however much there is to do. For many
/// pieces: begin some, and one more with each answer.
class pacer {
public:
  /// Enough to keep the others busy; all are worked off in well below a millisecond.
  static constexpr std::size_t most = 64;

  bool has_room() const noexcept {
    return under_way_ < most;
  }
  void begin() noexcept {
    ++under_way_;
  }
  void end() noexcept {
    --under_way_;
  }

private:
  std::size_t under_way_ = 0;
};

} // namespace lockserver
