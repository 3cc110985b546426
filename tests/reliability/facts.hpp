// The conclusions from the answers of a history, by key, by token and by life, as the
// checker needs them. Knows no rule.
#pragma once

#include "tests/reliability/checker.hpp"
#include "tests/reliability/history.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace reliability {

/// An acknowledged grant, with one answer or with several repeated ones.
struct known_grant {
  const operation* by = nullptr;       ///< The first answer.
  time_point sent{};                   ///< The grant was not made before.
  time_point end{};                    ///< It certainly lasts until then, from the answer on.
  const operation* released = nullptr; ///< The acknowledged release; null: none.

  time_point answered() const noexcept {
    return by->answered;
  }
};

struct key_facts {
  unsigned limit = 1;                         ///< Holders at a time.
  std::vector<const operation*> operations{}; ///< In the order of `invoked`.
  std::vector<const known_grant*> grants{};   ///< In the order of `answered`.
  /// The grant with the greatest token among the first n + 1 `grants`.
  std::vector<const known_grant*> newest{};
  /// When an owner first sent an acquire that may have had more effect than its answer
  /// says. Either there is no answer; or the server was killed meanwhile, and the client
  /// may have sent the request again; or its lease ended, perhaps between the grant and
  /// the answer.
  std::unordered_map<std::string, time_point> unknown_acquires{};

  /// The grant with the greatest token that is known at `now`, or none.
  const known_grant* newest_before(time_point now) const;
};

class facts {
public:
  explicit facts(const history& x);
  facts(const facts&) = delete;
  facts& operator=(const facts&) = delete;

  const history& all;
  std::map<std::string, key_facts> keys{};
  std::unordered_map<std::uint64_t, known_grant> grants{}; ///< By token.
  verdict result{};

  /// The number of the life that certainly served all of this time, or none.
  std::optional<std::size_t> life_of(time_point from, time_point to) const;

  /// Whether this is a release that its client may have sent again, to the next life of
  /// the server. If the server then answers `not_holder`, the client has released the
  /// lock or came too late. It cannot tell, and reports success. So the answer says
  /// nothing about the time before.
  bool may_be_repeat(const operation& x) const {
    return x.what == action::release && !life_of(x.invoked, x.answered);
  }

  /// The number of lives that have begun at `now`.
  std::size_t lives_begun(time_point now) const;

  /// Adds a violation. Only the first hundred of each rule get a sentence.
  template <class Sentence>
  void accuse(const std::string& rule, const Sentence& sentence) {
    if (++accusations_[rule] <= 100)
      result.violations.push_back({rule, sentence()});
  }

  std::string text(const operation& x) const {
    return describe(all, x);
  }
  std::string text(time_point x) const {
    return describe(all, x);
  }

private:
  using requests = std::map<std::string, time_point>;

  void add_grant(const operation& x, const requests& first_sent);
  void find_end(known_grant& x, const std::vector<const operation*>& later) const;
  time_point next_death(time_point now) const;

  std::map<std::string, std::size_t> accusations_;
};

/// Calls `visit(token, owner)` for each grant that an answer shows to exist at some time
/// between its request and the answer. The answer names the owner.
template <class Visit>
void for_each_token(const operation& x, Visit visit) {
  if (x.result == outcome::ok && x.token != 0)
    visit(x.token, x.owner);
  if (x.shows_holders)
    for (auto& holder : x.holders)
      visit(holder.token, holder.owner);
}

// The rules. Each adds what it finds to `x.result`.
void check_tokens(facts& x);
void check_holds(facts& x);
void check_ended(facts& x);
void check_order(facts& x);

} // namespace reliability
