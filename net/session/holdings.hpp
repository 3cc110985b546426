// The record of one client: its waits, the grants whose answers it may not have received,
// and the locks that end with it. Says what must be taken back when the client goes.
// Decides nothing about locks. Knows neither CAF nor sockets, and is told the time.
//
// THE RECORD NEVER SAYS LESS THAN THE CLIENT MAY HOLD. A change that prolongs a grant (a
// renewal) is recorded before it is requested. A change that ends a grant (a release) is
// recorded after the answer has confirmed it. An answer may be lost, late, or an error.
// Then the session may take back a lock that has already ended, which does nothing. The
// other order would forget a lock that is still held, and nobody would end it when its
// client is gone.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "lockserver/lock_mode.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// One acquire request, and the actor that got it.
struct acquisition {
  std::string key;
  std::string owner;
  ticket_id ticket = 0; ///< Identifies it at the key.
  /// Not empty: the request was sent through the leases actor. Its withdrawal goes there,
  /// too.
  std::string lease{};
  hold_mode ends_with = hold_mode::ttl;
  time_point answer_due = time_point::max();
};

/// An acquire request that must be taken back.
struct withdrawn {
  acquisition what;
  /// True: also take back a grant that somebody relies on, because what it ends with is
  /// over.
  bool in_any_case = false;
};

/// A grant that must end now. Its token also identifies it at the key.
struct hold {
  std::string key;
  std::string owner;
  ticket_id ticket = 0;
  std::uint64_t token = 0;
};

/// Not thread-safe. Strong exception guarantee.
class holdings {
public:
  /// A position in the output to the client: the number of bytes before it.
  using position = std::uint64_t;

  /// A client that sends nothing gives no occasion to ask what has arrived. So the
  /// session asks when the grants in doubt have reached this number, and each time that
  /// they have doubled.
  static constexpr std::size_t min_in_doubt = 64;

  // -- acquire requests ---------------------------------------------------------

  /// Records a request that is under way from now on.
  /// @param number the client's own number; no other request under way may have it.
  const acquisition& begin(std::uint64_t number, acquisition&& x);

  /// The request under way with that number, or null.
  const acquisition* find(std::uint64_t number) const;

  std::size_t under_way() const noexcept {
    return waits_.size();
  }

  /// Removes a request that was refused, or whose client has been told of the grant.
  /// @pre it is under way
  acquisition end(std::uint64_t number);

  /// The requests whose answers are overdue at `now`.
  std::vector<std::uint64_t> overdue(time_point now) const;

  /// When the first of them becomes overdue.
  time_point next_due() const;

  // -- grants ---------------------------------------------------------------------

  /// Records the grant of the request under way, until it ends. The request stays under
  /// way until its client is told.
  /// @param replaces whether the grant replaces what the client has with the same key and
  ///        owner: a repeat by this client gets the same grant. If others may repeat the
  ///        request, all tickets are kept, since only together they end a grant.
  void keep(std::uint64_t number, std::uint64_t token, time_point now, time_point expires_at,
            bool replaces);

  /// Records that the client asks for a renewal: the grant ends at `expires_at` or
  /// before.
  /// @param token 0: any.
  void renewing(const std::string& key, const std::string& owner, std::uint64_t token,
                time_point expires_at);

  /// Records that the grant has ended.
  /// @param token 0: any.
  void released(const std::string& key, const std::string& owner, std::uint64_t token = 0);

  /// Records that all grants of the key have ended.
  void released_all(const std::string& key);

  /// Whether there is a grant of that key.
  bool has(const std::string& key) const;

  /// The number of all recorded grants.
  std::size_t held() const noexcept {
    return holds_.size();
  }

  /// The number of locks that end with the client. Removes expired ones if there are
  /// `most`.
  std::size_t bound(time_point now, std::size_t most);

  void forget_expired(time_point now);

  /// Removes and returns the grant of the request with that number.
  std::optional<hold> take(const std::string& key, std::uint64_t number);

  // -- grants in doubt --------------------------------------------------------------
  //
  // Safety before liveness: a grant is taken back only if its answer certainly did not
  // arrive. Over CAF nobody can know that, so nothing is in doubt there. A grant then
  // stays until its release, its expiry, or the end of what it ends with.

  /// Records that the client is sent its grant, in an answer that ends at `end`. The
  /// request is then no longer under way.
  void answered(std::uint64_t number, position end);

  std::size_t in_doubt() const noexcept {
    return in_doubt_.size();
  }

  /// Whether the session should ask what has arrived before more grants are in doubt.
  bool doubts_too_much() const noexcept {
    return in_doubt_.size() >= most_in_doubt_;
  }

  /// The client has certainly received everything up to `end`.
  void arrived(position end);

  // -- the end --------------------------------------------------------------------
  //
  // The end of the session (the client is gone) is also the end of its connection.

  /// Removes and returns the grants whose answers certainly did not arrive.
  /// @param may_have_arrived the position up to which the client may have received
  ///        output.
  std::vector<withdrawn> take_undelivered(position may_have_arrived);

  /// Removes the request under way with that number, because its client or the server
  /// gives it up.
  withdrawn take_wait(std::uint64_t number);

  /// Removes and returns the requests under way.
  /// @param over the client's session or its connection.
  std::vector<withdrawn> take_waits(hold_mode over);

  /// Removes and returns the grants that end now.
  std::vector<hold> take_holds(hold_mode over);

private:
  using wait_map = std::map<std::uint64_t, acquisition>;
  using name = std::pair<std::string, std::string>; // key and owner
  struct entry {
    ticket_id ticket;
    std::uint64_t number;
    std::uint64_t token;
    hold_mode ends_with;
    time_point expires_at;
  };
  using hold_map = std::multimap<name, entry>;
  struct doubtful {
    acquisition what;
    position end;
  };

  hold_map::iterator erase(hold_map::iterator x) noexcept;

  wait_map waits_;            // by the clients' numbers
  wait_map::node_type spare_; // kept for the next request, to save an allocation
  hold_map holds_;
  std::size_t bound_ = 0;          // the number of locks that end with the client
  std::size_t most_held_ = 64;     // from this number on, expired grants are removed
  std::vector<doubtful> in_doubt_; // in the order of their answers
  std::size_t most_in_doubt_ = min_in_doubt;
};

} // namespace lockserver
