// Decides which messages of CAF's network (BASP) a server accepts: those that its own
// clients send, and no others. CAF itself checks little: some messages crash it, others
// make it use more and more memory, and a peer can send to every actor that ever answered
// it. Pure: bytes in, a verdict out. Knows neither CAF nor sockets.
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

/// The maximum size of a message without its head. The server needs only a few KiB, and
/// our client sends at most 64 KiB. A larger message that was sent by mistake should
/// still get a refusal with a sentence.
inline constexpr std::uint32_t max_basp_payload = 1024 * 1024;

/// The maximum size of a handshake, which only names a node.
inline constexpr std::uint32_t max_basp_handshake = 4096;

/// What a peer may send. All bytes are as CAF writes them, so these rules hold for each
/// version of CAF.
struct basp_rules {
  /// Which of the server's actors a node may send to.
  enum class receiver : std::uint8_t { none, gateway, session };

  std::string node; ///< The server's own name; every other name has the same length.
  /// The first bytes of a message's payload: its types.
  std::vector<std::string> to_gateway;
  std::vector<std::string> to_session;
  /// CAF nodes exchange messages, unprompted, about spawning actors. The server drops
  /// them. The first is a whole message to a named receiver; the second is the beginning
  /// of the answer.
  std::string spawn_question;
  std::string spawn_answer;
  /// The possible sizes of an actor's exit reason: without a text.
  std::vector<std::size_t> reasons;
  /// How many actors one node may send for at a time, because the server stores something
  /// for each.
  std::size_t max_senders = 0;
  std::function<receiver(std::string_view node, std::uint64_t actor)> find;
};

/// One connection.
class basp_gate {
public:
  /// Bytes of a head: operation, two zero bytes, flags, length of the payload (4),
  /// message id (8), sender (8), receiver (8). Numbers are big-endian.
  static constexpr std::size_t head_size = 32;

  enum class verdict : std::uint8_t {
    pass,  ///< CAF gets it.
    drop,  ///< CAF gets neither the head nor the payload that follows.
    close, ///< The peer is no client of ours, see `wrong`.
  };

  explicit basp_gate(std::shared_ptr<const basp_rules> rules) : rules_(std::move(rules)) {
  }

  /// @param bytes a head of `head_size` bytes. If `payload_size` is not 0, its payload
  ///        follows.
  verdict head(std::string_view bytes);

  /// @param bytes a payload of `payload_size` bytes.
  verdict payload(std::string_view bytes);

  std::uint32_t payload_size() const noexcept {
    return head_.length;
  }

  /// What the peer did wrong, for the log, such as "does not begin with a handshake of
  /// CAF"; empty before a `close`. Of the peer's data it contains only numbers.
  const std::string& wrong() const noexcept {
    return wrong_;
  }

  /// The peer's node; empty before its handshake.
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
