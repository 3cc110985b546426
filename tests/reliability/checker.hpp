// Holds a history against what a lock server promises. Pure: the same history
// has the same verdict, wherever it came from.
//
// It follows Jepsen's models of an owner-aware and a fenced mutex: every request
// has an owner even when its outcome is unknown, and what is unknown stays so:
// only what follows from answers counts. So it never accuses wrongly, and does
// not see everything.
#pragma once

#include "tests/reliability/history.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace reliability {

/// One broken promise.
struct violation {
  /// exclusion, tokens, forgotten_grant, forgotten_release, invented_grant,
  /// order, left_over.
  std::string rule{};
  std::string sentence{}; ///< What is wrong; names the operations.
};

/// What follows from a history, to judge how much a run has shown.
struct evidence {
  std::size_t operations = 0;
  std::size_t unknown = 0; ///< Operations without an answer.
  std::size_t grants = 0;
  std::size_t survived = 0;  ///< Grants that certainly lasted over a server's death.
  std::size_t confirmed = 0; ///< Answers that a grant had to be known in, and was.
  std::size_t waited = 0;    ///< Requests that were seen in line.
};

struct verdict {
  std::vector<violation> violations{};
  evidence shown{};
};

/// Checks, in this order:
/// - exclusion: no two grants of a key, or no more than it may have holders,
///   certainly last at the same time. A grant lasts certainly from the arrival of its answer until its guaranteed end, or
///   until its owner sends a release, whichever is earlier.
/// - tokens: a grant that was asked for after a token was known has a greater
///   one, whatever the key; none is given twice, except to repeats.
/// - forgotten_grant: while a grant certainly lasts every answer agrees with it,
///   also in the next lives of the server if the history is durable.
/// - forgotten_release: after a release was acknowledged, or a key for one
///   was granted anew, no answer knows the earlier grant any more.
/// - invented_grant: each holder that is shown has asked for the key, and was
///   not told that nothing came of it.
/// - order: within a life, a request that was certainly in line before another
///   was sent, or that was seen before it in line, is granted first.
/// - left_over: nothing is.
verdict check(const history& x);

} // namespace reliability
