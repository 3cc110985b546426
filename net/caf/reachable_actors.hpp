// Which actors of the server each connected node may send to. CAF itself lets a node send
// to every actor that ever answered it.
#pragma once

#include "net/caf/basp_gate.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace lockserver {

/// Thread-safe. A node is named by the bytes that CAF writes for it.
class reachable_actors {
public:
  /// Sets the published actor, which all nodes may reach.
  void gateway_is(std::uint64_t actor) {
    std::lock_guard guard{mutex_};
    gateway_ = actor;
  }

  /// Adds a connection of that node.
  void connect(const std::string& node) {
    std::lock_guard guard{mutex_};
    ++nodes_[node].connections;
  }

  /// Removes a connection. With the last one, the sessions of the node are forgotten.
  void disconnect(const std::string& node) {
    std::lock_guard guard{mutex_};
    if (auto i = nodes_.find(node); i != nodes_.end() && --i->second.connections == 0)
      nodes_.erase(i);
  }

  /// Adds a session of a connected node. A session that has ended stays in the list for a
  /// while, because messages to it may be under way. If there are too many, the oldest is
  /// forgotten.
  void add_session(const std::string& node, std::uint64_t actor) {
    std::lock_guard guard{mutex_};
    if (auto i = nodes_.find(node); i != nodes_.end())
      i->second.add(actor);
  }

  basp_rules::receiver find(std::string_view node, std::uint64_t actor) const {
    std::lock_guard guard{mutex_};
    if (actor == gateway_)
      return basp_rules::receiver::gateway;
    auto i = nodes_.find(node);
    return i != nodes_.end() && i->second.sessions.contains(actor) ? basp_rules::receiver::session
                                                                   : basp_rules::receiver::none;
  }

private:
  struct node_state {
    // As many as a server serves by default. The numbers of actors only grow.
    static constexpr std::size_t most_sessions = 10'000;

    std::size_t connections = 0;
    std::set<std::uint64_t> sessions;

    void add(std::uint64_t actor) {
      sessions.insert(actor);
      if (sessions.size() > most_sessions)
        sessions.erase(sessions.begin());
    }
  };

  mutable std::mutex mutex_;
  std::uint64_t gateway_ = 0;
  std::map<std::string, node_state, std::less<>> nodes_;
};

} // namespace lockserver
