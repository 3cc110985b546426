// Lets an actor hand out much work without delaying others.
#pragma once

#include <cstddef>

namespace lockserver {

/// Counts how many pieces of one actor's work others have under way. Each piece is a
/// request, and begins only when there is room. So the actor's messages never fill a
/// mailbox ahead of others, however much there is to do. To use it, begin some pieces,
/// and one more with each answer.
class pacer {
public:
  /// Enough to keep the others busy. They handle all of these in far less than a
  /// millisecond.
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
