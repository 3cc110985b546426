// The access rules that a server applies now, and how they are read again. Knows no
// connections.
#pragma once

#include "net/access/access_gate.hpp"
#include "net/access/access_rules.hpp"
#include "net/access/limited_counts.hpp"
#include "net/access/token.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace lockserver {

/// A server has one. Thread-safe.
class access_control {
public:
  /// @param file the name of the access file; empty: every client may do everything
  /// @param requests_per_second see `access_gate`
  /// @param waiters the most that may wait of one identity; 0: any number
  /// @throws access_error with a sentence that names the file
  access_control(std::string file, unsigned requests_per_second, std::size_t waiters);

  /// The rules that apply now.
  std::shared_ptr<const access_rules> now() const;

  /// The generation of these rules: whoever keeps older ones takes the new ones.
  std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

  access_gate& gate() noexcept {
    return gate_;
  }

  /// The requests of each identity that wait.
  identity_counts& waiters() noexcept {
    return waiters_;
  }

  /// Reads the file again. Returns what puts the new rules in place of the present ones, or
  /// nothing if the file has the same content.
  /// @throws access_error as the constructor; the present rules stay
  std::function<void()> prepare();

private:
  void set(std::shared_ptr<const access_rules> x, const token_hash& of_text);

  const std::string file_;
  access_gate gate_;
  identity_counts waiters_;
  mutable std::mutex mutex_;                // of the next two
  std::shared_ptr<const access_rules> now_; // never null
  token_hash text_{};                       // of the file that they were read from
  std::atomic<std::uint64_t> generation_;
};

} // namespace lockserver
