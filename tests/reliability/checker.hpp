// Compares a history with what a lock server promises. Pure: the same history always has
// the same verdict.
//
// It follows Jepsen's models of an owner-aware and a fenced mutex. Every request has an
// owner, even if its outcome is unknown. An unknown outcome stays unknown: only
// conclusions from answers count. So the checker reports no false violation, but it does
// not find every violation.
#pragma once

#include "tests/reliability/history.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace reliability {

/// One violated promise.
struct violation {
  /// exclusion, tokens, forgotten_grant, forgotten_release, invented_grant,
  /// order, left_over.
  std::string rule{};
  std::string sentence{}; ///< What is wrong, with the operations by name.
};

/// Counts that show how much a run has tested.
struct evidence {
  std::size_t operations = 0;
  std::size_t unknown = 0; ///< Operations without an answer.
  std::size_t grants = 0;
  std::size_t survived = 0;  ///< Grants that certainly lasted while a server was killed.
  std::size_t confirmed = 0; ///< Answers that had to show a grant, and did.
  std::size_t waited = 0;    ///< Requests that were seen in the queue.
};

struct verdict {
  std::vector<violation> violations{};
  evidence shown{};
};

/// Checks, in this order:
/// - exclusion: grants of a key that certainly last at the same time are not more than
///   its holders may be. A grant certainly lasts from the arrival of its answer until its
///   guaranteed end, or until its owner sends a release, whichever is earlier.
/// - tokens: a grant that was requested after a token was known has a greater one,
///   whatever the key. No token is given twice, except to repeats.
/// - forgotten_grant: while a grant certainly lasts, every answer agrees with it. If the
///   history is durable, this includes later lives of the server.
/// - forgotten_release: after a release was acknowledged, or an exclusive key was granted
///   again, no answer shows the earlier grant.
/// - invented_grant: every holder that is shown has asked for the key, and its request
///   was not refused.
/// - order: within a life, a request is granted before another one if it was certainly in
///   the queue before the other was sent, or was seen before it in the queue.
/// - left_over: nothing remains in the end.
verdict check(const history& x);

} // namespace reliability
