// Which messages of CAF's network (BASP) a server lets in: a list of what its own
// clients send, and nothing else. CAF takes much on trust: some messages crash it,
// others make it remember more and more, and every actor that ever answered can be
// sent anything. Pure: bytes in, a verdict out. Knows neither CAF nor sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// The most bytes of one message without its head. What the server takes has a
/// few KiB, and our client sends no more than 64; what another sends by mistake
/// should still get a refusal that says so.
inline constexpr std::uint32_t max_basp_payload = 1024 * 1024;

/// The same for the handshake, which names a node and no more.
inline constexpr std::uint32_t max_basp_handshake = 4096;

/// What may be sent here. All bytes are as CAF writes them, so that this holds for
/// each of its versions.
struct basp_rules {
  /// Which of the server's actors that is to a node.
  enum class receiver : std::uint8_t { none, gateway, session };

  std::string node; ///< The server's own; each other has as many bytes.
  /// With what the payload of a message begins: its types.
  std::vector<std::string> to_gateway;
  std::vector<std::string> to_session;
  /// What CAF's nodes say to each other unasked, which the server does without:
  /// about starting actors for another. The one is all of a message to a receiver
  /// that is named, the other the beginning of the answer.
  std::string spawn_question;
  std::string spawn_answer;
  /// How many bytes the reason has for which an actor may have ended: without a text.
  std::vector<std::size_t> reasons;
  /// For how many actors one node may speak at a time: for each the server keeps
  /// something.
  std::size_t max_senders = 0;
  std::function<receiver(std::string_view node, std::uint64_t actor)> find;
};

/// One connection.
class basp_gate {
public:
  /// Bytes of a head: operation, two that are 0, flags, length of the payload (4),
  /// message id (8), sender (8), receiver (8); numbers with the highest byte first.
  static constexpr std::size_t head_size = 32;

  enum class verdict : std::uint8_t {
    pass,  ///< CAF gets it.
    drop,  ///< CAF is not told of it, nor of the payload that follows.
    close, ///< The peer is no client of ours, see `wrong`.
  };

  explicit basp_gate(std::shared_ptr<const basp_rules> rules) : rules_(std::move(rules)) {
  }

  /// @param bytes `head_size` of them; whatever comes next is their payload, if
  ///        `payload_size` is not 0.
  verdict head(std::string_view bytes);

  /// @param bytes `payload_size` of them.
  verdict payload(std::string_view bytes);

  std::uint32_t payload_size() const noexcept {
    return head_.length;
  }

  /// What the peer did, for the log, such as "does not begin with a handshake of
  /// CAF"; empty before a `close`. Nothing that it sent is in there but numbers.
  const std::string& wrong() const noexcept {
    return wrong_;
  }

  /// Of the peer, from its handshake on; else empty.
  const std::string& node() const noexcept {
    return node_;
  }

private:
  struct fields {
    std::uint8_t operation = 0;
    std::uint8_t flags = 0;
    std::uint32_t length = 0;
    std::uint64_t id = 0;
    std::uint64_t sender = 0;
    std::uint64_t receiver = 0;
  };

  verdict direct_head();
  verdict direct_payload(std::string_view bytes);
  verdict close(std::string why);

  std::shared_ptr<const basp_rules> rules_;
  fields head_;
  basp_rules::receiver to_ = basp_rules::receiver::none;
  std::string node_;
  std::set<std::uint64_t> senders_;
  std::string wrong_;
};

} // namespace lockserver
