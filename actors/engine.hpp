// The engine: all that owns the locks of a server, as one object. Knows no
// sockets, no threads, no clients, and which store there is only by its
// interface.
#pragma once

#include "actors/environment.hpp"
#include "actors/registries.hpp"
#include "lockserver/settings.hpp"
#include "store/store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lockserver {

/// The actors that have the locks (registries with their keys, leases, journal),
/// and what they share (tokens, environment). It begins and ends as a whole:
/// what serves sockets need not end with it.
///
/// Life: `start`, `recover` if there is a store, `end`; each once, by one thread.
class engine {
public:
  /// @param time where the actors get their time from.
  /// @param workers who runs them, but the journal; null: CAF.
  /// @param kept null if nothing is stored.
  /// @param grants hears of all grants; may be null.
  /// All of them outlive the engine's actors, and `config` this object.
  engine(const settings& config, timers& time, compat::worker_pool* workers, spdlog::logger& log,
         store* kept, grant_listener* grants = nullptr);
  /// @pre the system has waited for the actors.
  ~engine();

  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Starts the actors. Their keys are empty.
  void start(caf::actor_system& sys);

  /// Gives the actors what is stored. When it returns, whatever they are sent comes
  /// behind that.
  /// @return an empty string, or a sentence why not all could be read.
  std::string recover(caf::actor_system& sys);

  /// Ends the actors, and returns when nothing more is sent to the journal. They end
  /// after that, each when it has done what it was sent: the system waits for them.
  /// @pre nobody else sends them anything any more.
  void end();

  /// Who has which lock. Whoever shares it gives it up before `end`.
  std::shared_ptr<const registries> actors() const noexcept {
    return actors_;
  }

  /// Thread-safe where its members are.
  const lock_environment& environment() const noexcept {
    return env_;
  }

  /// Locks of all keys. Thread-safe.
  std::size_t holders() const noexcept;
  std::size_t waiters() const noexcept;

private:
  store* kept_;
  token_source tokens_;
  lock_environment env_;
  std::vector<lock_counts> counts_; // one for each registry
  std::shared_ptr<registries> actors_;
};

} // namespace lockserver
