// What the journal lets others know without asking it. Knows no actors.
#pragma once

#include "lockserver/boot_clock.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace lockserver {

/// Of one journal. Written by it, read from any thread.
class journal_status {
public:
  /// How many rounds of commits are over. Also without anything to store there
  /// is one more after each that had something.
  std::uint64_t rounds() const noexcept {
    return rounds_.load(std::memory_order_seq_cst);
  }
  void end_round() noexcept {
    rounds_.fetch_add(1, std::memory_order_seq_cst);
  }

  /// Calls `ask`, which sends the journal something, unless somebody has done so since
  /// the last round ended: one more will end, and another. Any thread.
  template <class F>
  void ask_for_round(F ask) {
    auto now = rounds() + 1;
    if (asked_in_.load(std::memory_order_relaxed) == now)
      return;
    ask();
    asked_in_.store(now, std::memory_order_relaxed);
  }

  /// How many commits there were, and how many decisions about a key or a lease
  /// they have made durable.
  std::uint64_t commits() const noexcept {
    return commits_.load(std::memory_order_relaxed);
  }
  std::uint64_t decisions() const noexcept {
    return decisions_.load(std::memory_order_relaxed);
  }
  void add_commit(std::uint64_t decisions) noexcept {
    commits_.fetch_add(1, std::memory_order_relaxed);
    decisions_.fetch_add(decisions, std::memory_order_relaxed);
  }

  /// See `store::answers_until`.
  boot_clock::time_point answers_until() const noexcept {
    return answers_until_.load(std::memory_order_seq_cst);
  }
  void set_answers_until(boot_clock::time_point x) noexcept {
    answers_until_.store(x, std::memory_order_seq_cst);
  }

  /// Whether the last thing that was to be stored could be.
  bool is_well() const noexcept {
    return is_well_.load(std::memory_order_relaxed);
  }
  /// Why not, as a sentence; empty when it could be.
  std::string problem() const {
    std::lock_guard guard{mutex_};
    return problem_;
  }
  void set_problem(const std::string& x) {
    std::lock_guard guard{mutex_};
    is_well_ = x.empty(); // whatever memory there is for the sentence
    problem_ = x;
  }

private:
  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::uint64_t> asked_in_{0}; // counted from 1
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> decisions_{0};
  std::atomic<boot_clock::time_point> answers_until_{boot_clock::time_point::max()};
  std::atomic<bool> is_well_{true};
  mutable std::mutex mutex_;
  std::string problem_;
};

/// Of who sends to the journal: whether all that was sent is stored, or refused
/// and undone.
///
/// What is sent during one round, or before it began, is part of the next round
/// at the latest. So two ends of rounds seen after it was sent are enough. The journal
/// may have nothing to do any more before they are seen: who has to know sends something
/// else, which may store nothing.
class settled_mark {
public:
  bool settled(const journal_status& x) const noexcept {
    return settled_at_ == 0 || x.rounds() >= settled_at_;
  }

  /// To be called when something has been sent, not before: else a thread that
  /// is interrupted in between would not see how many rounds have gone by.
  void sent(const journal_status& x) noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    settled_at_ = x.rounds() + 2;
  }

private:
  std::uint64_t settled_at_ = 0;
};

} // namespace lockserver
