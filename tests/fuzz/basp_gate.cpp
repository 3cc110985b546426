// What comes from a peer on the CAF port: before a handshake nothing passes, an actor
// that is not for the peer never gets anything, and what is announced is bounded.
#include "net/caf/basp_gate.hpp"

#include "tests/fuzz/fuzz.hpp"

using fuzz::require;
using lockserver::basp_gate;
using lockserver::basp_rules;

namespace {

constexpr std::size_t node_size = 8;
constexpr std::uint64_t gateway = 7;
constexpr std::uint64_t session = 9;

// Short names, so that the fuzzer finds them.
std::shared_ptr<const basp_rules> make_rules() {
  basp_rules x;
  x.node = std::string(node_size, 'S');
  x.to_gateway = {"h"};
  x.to_session = {"a", "r"};
  x.spawn_question = "?";
  x.spawn_answer = "!";
  x.reasons = {1, 15};
  x.max_senders = 3;
  x.find = [](std::string_view node, std::uint64_t actor) {
    if (actor == gateway)
      return basp_rules::receiver::gateway;
    return actor == session && node == std::string(node_size, 'c') ? basp_rules::receiver::session
                                                                   : basp_rules::receiver::none;
  };
  return std::make_shared<basp_rules>(std::move(x));
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t result = 0;
  for (char c : bytes)
    result = result << 8 | static_cast<unsigned char>(c);
  return result;
}

void check_wrong(const basp_gate& gate, basp_gate::verdict x) {
  if (x == basp_gate::verdict::close)
    require(fuzz::is_sentence(gate.wrong()), "what was wrong is a sentence");
  else
    require(gate.wrong().empty(), "nothing is wrong before the end");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto rules = make_rules();
  std::string_view left{reinterpret_cast<const char*>(data), size};
  basp_gate gate{rules};
  while (left.size() >= basp_gate::head_size) {
    auto introduced = !gate.node().empty();
    auto head = left.substr(0, basp_gate::head_size);
    left.remove_prefix(head.size());
    auto verdict = gate.head(head);
    check_wrong(gate, verdict);
    if (verdict == basp_gate::verdict::close)
      return 0;
    require(introduced || (head[0] == 1 && gate.payload_size() == node_size),
            "the first message is a handshake");
    require(gate.payload_size() <= lockserver::max_basp_payload, "a message is bounded");
    if (gate.payload_size() == 0)
      continue;
    if (left.size() < gate.payload_size())
      return 0;
    auto payload = left.substr(0, gate.payload_size());
    left.remove_prefix(payload.size());
    auto rest = gate.payload(payload);
    check_wrong(gate, rest);
    if (rest == basp_gate::verdict::close)
      return 0;
    require(verdict == basp_gate::verdict::pass || rest != basp_gate::verdict::pass,
            "what is dropped does not pass in part");
    require(gate.node() != rules->node, "no peer is the server");
    if (head[0] == 2 && rest == basp_gate::verdict::pass) {
      auto receiver = number(head.substr(24, 8));
      require(receiver == gateway || receiver == session, "nothing passes to any other actor");
      auto& known = receiver == gateway ? rules->to_gateway : rules->to_session;
      bool is_known = false;
      for (auto& x : known)
        is_known = is_known || payload.starts_with(x);
      require(is_known, "what passes is of a known type");
    }
  }
  return 0;
}
