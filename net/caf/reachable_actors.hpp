// Which actors of the server the nodes that are connected may send to. CAF itself lets
// every node send to every actor that ever answered one.
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

/// Thread-safe. Nodes are named by the bytes that CAF writes for them.
class reachable_actors {
public:
  /// The published one, for all nodes.
  void gateway_is(std::uint64_t actor) {
    std::lock_guard guard{mutex_};
    gateway_ = actor;
  }

  /// One more connection of that node.
  void connect(const std::string& node) {
    std::lock_guard guard{mutex_};
    ++nodes_[node].connections;
  }

  /// One fewer. With the last one it is forgotten which sessions the node has.
  void disconnect(const std::string& node) {
    std::lock_guard guard{mutex_};
    if (auto i = nodes_.find(node); i != nodes_.end() && --i->second.connections == 0)
      nodes_.erase(i);
  }

  /// That session is the node's as long as it is connected, which it is. A session
  /// that has ended stays in the list for a while, since what was sent to it may be
  /// under way: until there are too many, of which the oldest is forgotten.
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
    // As many as a server serves by default; numbers of actors only grow.
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
