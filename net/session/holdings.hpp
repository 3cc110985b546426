// What one client has at the server: what it waits for, what it may not have heard of,
// and what ends with it. Says what is to be taken back when the client goes, and
// decides nothing about locks. Knows neither CAF nor sockets, and is told the time.
//
// THE BOOKS NEVER SAY LESS THAN THE CLIENT MAY HOLD. What makes a hold longer (a
// renewal) is entered before it is asked for; what ends it (a release) only once
// the answer says that it has ended. An answer may be lost, late, or an error:
// then a lock may be taken back that is not there any more, which does nothing. The
// other order would forget a lock that is still held, and nobody would end it when
// its client is gone.
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

/// One acquire request, and the way that it went.
struct acquisition {
  std::string key;
  std::string owner;
  ticket_id ticket = 0; ///< Names it at the key.
  /// Not empty: it went by way of the leases. What takes it back goes there, too.
  std::string lease{};
  hold_mode ends_with = hold_mode::ttl;
  time_point answer_due = time_point::max();
};

/// An acquire request to be taken back.
struct withdrawn {
  acquisition what;
  /// Also a grant that somebody relies on: it was to end with what is over now.
  bool in_any_case = false;
};

/// A grant that ends now. Its token, too, names it at the key.
struct hold {
  std::string key;
  std::string owner;
  ticket_id ticket = 0;
  std::uint64_t token = 0;
};

/// Not thread-safe. If something throws, all is as before it.
class holdings {
public:
  /// A place in what was sent to the client: how many bytes precede it.
  using position = std::uint64_t;

  /// A client that sends nothing gives no occasion to ask what has arrived. From so
  /// many grants in doubt on it is asked, each time that they have doubled.
  static constexpr std::size_t min_in_doubt = 64;

  // -- acquire requests ---------------------------------------------------------

  /// One is under way from now on.
  /// @param number the client's own; of no other that is under way.
  const acquisition& begin(std::uint64_t number, acquisition&& x);

  /// The request under way with that number, or null.
  const acquisition* find(std::uint64_t number) const;

  std::size_t under_way() const noexcept {
    return waits_.size();
  }

  /// It is over: it was refused, or its client has been told of its grant.
  /// @pre it is under way
  acquisition end(std::uint64_t number);

  /// Those that should have been answered by `now`.
  std::vector<std::uint64_t> overdue(time_point now) const;

  /// When the first of them should be.
  time_point next_due() const;

  // -- grants ---------------------------------------------------------------------

  /// The request under way is granted, and kept in the books until it ends. It
  /// stays under way until its client is told.
  /// @param replaces what the client has of the same key and owner: a repeat
  ///        of this client gets the same grant. If others may repeat the
  ///        request, each ticket is kept, since all of them end a grant together.
  void keep(std::uint64_t number, std::uint64_t token, time_point now, time_point expires_at,
            bool replaces);

  /// The client asks to renew: the grant ends at `expires_at` or before.
  /// @param token 0: any.
  void renewing(const std::string& key, const std::string& owner, std::uint64_t token,
                time_point expires_at);

  /// The grant has ended.
  /// @param token 0: any.
  void released(const std::string& key, const std::string& owner, std::uint64_t token = 0);

  /// All grants of the key have ended.
  void released_all(const std::string& key);

  /// The books have something of that key.
  bool has(const std::string& key) const;

  /// All that the books have.
  std::size_t held() const noexcept {
    return holds_.size();
  }

  /// How many locks end with the client. Looks which have expired once there are `most`.
  std::size_t bound(time_point now, std::size_t most);

  void forget_expired(time_point now);

  /// Takes the grant of the request with that number out of the books.
  std::optional<hold> take(const std::string& key, std::uint64_t number);

  // -- doubt ----------------------------------------------------------------------
  //
  // Safety before liveness: a grant is taken back only if its answer certainly did
  // not arrive. Where nobody can know, as over CAF, nothing is in doubt here, and a
  // grant stays until its release, its time, or what it ends with.

  /// The client is sent its grant, in an answer that ends at `end`. With that the request
  /// is over, if it is not already.
  void answered(std::uint64_t number, position end);

  std::size_t in_doubt() const noexcept {
    return in_doubt_.size();
  }

  /// It should be asked what has arrived before there is more in doubt.
  bool doubts_too_much() const noexcept {
    return in_doubt_.size() >= most_in_doubt_;
  }

  /// The client certainly has all up to there.
  void arrived(position end);

  // -- the end --------------------------------------------------------------------
  //
  // With a session (the client is gone) ends all that ends with its connection, too.

  /// The grants whose answers certainly did not arrive.
  /// @param may_have_arrived what the client may have got.
  std::vector<withdrawn> take_undelivered(position may_have_arrived);

  /// The request under way with that number, which its client or the server gives up.
  withdrawn take_wait(std::uint64_t number);

  /// What is under way.
  /// @param over the client's session or its connection.
  std::vector<withdrawn> take_waits(hold_mode over);

  /// The grants that end now.
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
  wait_map::node_type spare_; // for the next, so that it need not be allocated
  hold_map holds_;
  std::size_t bound_ = 0;          // of them
  std::size_t most_held_ = 64;     // before it is looked what has expired
  std::vector<doubtful> in_doubt_; // in the order of their answers
  std::size_t most_in_doubt_ = min_in_doubt;
};

} // namespace lockserver
