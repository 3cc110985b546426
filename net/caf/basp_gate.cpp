#include "net/caf/basp_gate.hpp"

#include <algorithm>
#include <utility>

namespace lockserver {

namespace {

// Operations. The others are for servers (0) and for messages routed through a third node
// (3), which our clients do not use.
constexpr std::uint8_t client_handshake = 1;
constexpr std::uint8_t direct_message = 2;
constexpr std::uint8_t monitor_message = 4;
constexpr std::uint8_t down_message = 5;
constexpr std::uint8_t heartbeat = 6;

// Flags: the receiver has a name instead of a number; the node has several connections
// and wants the answer on this one.
constexpr std::uint8_t named_receiver = 1;
constexpr std::uint8_t select_connection = 2;

// The highest four bits of the id of a message to an actor. Other values are for answers,
// urgent messages and streams. A session sends its client no requests, and CAF crashes
// for a stream that does not exist.
constexpr std::uint64_t normal_message = 1;

std::uint64_t number(std::string_view bytes) {
  std::uint64_t result = 0;
  for (char c : bytes)
    result = result << 8 | static_cast<unsigned char>(c);
  return result;
}

bool begins_as_one_of(const std::vector<std::string>& all, std::string_view bytes) {
  return std::any_of(all.begin(), all.end(), [&](auto& x) { return bytes.starts_with(x); });
}

} // namespace

basp_gate::verdict basp_gate::close(std::string why) {
  wrong_ = std::move(why);
  return verdict::close;
}

basp_gate::verdict basp_gate::head(std::string_view bytes) {
  auto& x = head_;
  x = {};
  x.operation = static_cast<std::uint8_t>(bytes[0]);
  x.flags = static_cast<std::uint8_t>(bytes[3]);
  x.length = static_cast<std::uint32_t>(number(bytes.substr(4, 4)));
  x.id = number(bytes.substr(8, 8));
  x.sender = number(bytes.substr(16, 8));
  x.receiver = number(bytes.substr(24, 8));
  auto introduced = !node_.empty();
  auto most = introduced ? max_basp_payload : max_basp_handshake;
  if (!introduced && x.operation != client_handshake)
    return close("does not begin with a handshake of CAF");
  if (x.length > most)
    return close("announced a message of " + std::to_string(x.length) + " bytes, "
                 + std::to_string(most) + " are the most");
  if (number(bytes.substr(1, 2)) != 0)
    return close("sent a message with an invalid head");
  auto node = rules_->node.size();
  auto only_receiver = x.flags == 0 && x.id == 0 && x.sender == 0;
  auto only_sender = x.flags == 0 && x.id == 0 && x.receiver == 0 && x.sender != 0;
  switch (x.operation) {
    case client_handshake:
      if (x.length != node || (x.flags & ~select_connection) != 0 || x.id != 0 || x.sender != 0
          || x.receiver != 0)
        return close("sent an invalid handshake");
      return verdict::pass;
    case direct_message:
      return direct_head();
    case monitor_message:
      if (x.length != 2 * node || !only_receiver)
        return close("sent an invalid request to watch an actor");
      return verdict::pass;
    case down_message: {
      auto is_reason = [&](std::size_t size) { return x.length == 2 * node + size; };
      if (!only_sender || std::none_of(rules_->reasons.begin(), rules_->reasons.end(), is_reason))
        return close("told of the end of an actor as no client does");
      return verdict::pass;
    }
    case heartbeat:
      if (x.length != 0 || !only_receiver || x.receiver != 0)
        return close("sent an invalid sign of life");
      return verdict::pass;
    default:
      return close("sent a message of the kind " + std::to_string(x.operation)
                   + ", which no client does");
  }
}

basp_gate::verdict basp_gate::payload(std::string_view bytes) {
  auto node = rules_->node.size();
  switch (head_.operation) {
    case client_handshake:
      if (bytes == rules_->node || (!node_.empty() && bytes != node_))
        return close("introduced itself as a node that it is not");
      node_ = bytes;
      return verdict::pass;
    case direct_message:
      return direct_payload(bytes);
    default: // about an actor of one of the two nodes
      if (bytes.substr(0, node) != node_ || bytes.substr(node, node) != rules_->node)
        return close("spoke of a node that is neither it nor this");
      if (head_.operation == down_message)
        senders_.erase(head_.sender);
      return verdict::pass;
  }
}

// CAF drops a message to an actor name, or does worse. A message to an unknown actor
// likewise.
basp_gate::verdict basp_gate::direct_head() {
  auto& x = head_;
  if (x.length == 0 || x.sender == 0 || x.receiver == 0)
    return close("sent a message without a sender, a receiver or content");
  if (x.id >> 60 != normal_message)
    return close("sent a message of a category that no client uses");
  if (x.flags != 0 && x.flags != named_receiver)
    return close("sent a message with flags that no client uses");
  to_ = x.flags == 0 ? rules_->find(node_, x.receiver) : basp_rules::receiver::none;
  if (to_ == basp_rules::receiver::none)
    return verdict::drop;
  if (senders_.size() >= rules_->max_senders && !senders_.contains(x.sender))
    return close("speaks for more than " + std::to_string(rules_->max_senders) + " actors");
  return verdict::pass;
}

basp_gate::verdict basp_gate::direct_payload(std::string_view bytes) {
  switch (to_) {
    case basp_rules::receiver::gateway:
      if (!begins_as_one_of(rules_->to_gateway, bytes))
        return close("sent the published actor what no client sends");
      break;
    case basp_rules::receiver::session:
      if (!begins_as_one_of(rules_->to_session, bytes))
        return close("sent its session what no client sends");
      break;
    default:
      if (head_.flags == named_receiver ? bytes == rules_->spawn_question
                                        : bytes.starts_with(rules_->spawn_answer))
        return verdict::drop;
      return close("sent a message to an actor that is not for it");
  }
  senders_.insert(head_.sender);
  return verdict::pass;
}

} // namespace lockserver
