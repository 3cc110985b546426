// What the gate of the CAF port lets in, by literal bytes.
#include "tests/support/catch.hpp"

#include "net/caf/basp_gate.hpp"

#include <string>
#include <string_view>

using namespace lockserver;
using verdict = basp_gate::verdict;
using receiver = basp_rules::receiver;

namespace {

const std::string ours(32, 'S');
const std::string theirs(32, 'c');

// Actor 7 is published, actor 9 is a session of the node `theirs`.
std::shared_ptr<const basp_rules> rules() {
  basp_rules x;
  x.node = ours;
  x.to_gateway = {"hello"};
  x.to_session = {"acquire", "release"};
  x.spawn_question = "?spawn";
  x.spawn_answer = "!spawn";
  x.reasons = {1, 15};
  x.max_senders = 3;
  x.find = [](std::string_view node, std::uint64_t actor) {
    if (actor == 7)
      return receiver::gateway;
    return actor == 9 && node == theirs ? receiver::session : receiver::none;
  };
  return std::make_shared<basp_rules>(std::move(x));
}

struct message {
  std::uint8_t operation;
  std::uint8_t flags = 0;
  std::uint32_t length = 0;
  std::uint64_t id = 0;
  std::uint64_t sender = 0;
  std::uint64_t receiver = 0;

  std::string bytes() const {
    std::string result{static_cast<char>(operation), 0, 0, static_cast<char>(flags)};
    auto put = [&](std::uint64_t x, int size) {
      for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        result += static_cast<char>(x >> shift);
    };
    put(length, 4);
    put(id, 8);
    put(sender, 8);
    put(receiver, 8);
    return result;
  }
};

struct gate : basp_gate {
  gate() : basp_gate(rules()) {
  }

  // A whole message; the verdict on its head if that is not to pass.
  verdict get(message x, const std::string& text = {}) {
    x.length = static_cast<std::uint32_t>(text.size());
    auto result = head(x.bytes());
    if (result == verdict::close || text.empty())
      return result;
    auto rest = payload(text);
    // What the head is dropped for, the payload cannot pass.
    CHECK((result == verdict::pass || rest != verdict::pass));
    return rest;
  }
};

struct introduced : gate {
  introduced() {
    REQUIRE(get({1}, theirs) == verdict::pass);
    REQUIRE(node() == theirs);
  }
};

constexpr std::uint64_t ask = 0x1000000000000001;
constexpr std::uint64_t tell = 0x1000000000000000;

} // namespace

TEST_CASE("the gate wants a handshake first") {
  for (std::uint8_t operation : {0, 2, 3, 4, 5, 6, 7, 71, 255}) {
    CAPTURE(int{operation});
    gate x;
    CHECK(x.head(message{operation, 0, 32}.bytes()) == verdict::close);
    CHECK(x.wrong() == "does not begin with a handshake of CAF");
  }
}

TEST_CASE("the gate takes a handshake of exactly one node, which is not its own") {
  for (auto& text : {std::string{}, std::string(31, 'c'), std::string(33, 'c'), ours}) {
    gate x;
    CHECK(x.get({1}, text) == verdict::close);
    CHECK(x.node().empty());
  }
  CHECK(gate{}.get({1, 1}, theirs) == verdict::close);
  CHECK(gate{}.get({1, 0, 0, 1}, theirs) == verdict::close);
  CHECK(gate{}.get({1, 0, 0, 0, 1}, theirs) == verdict::close);
  CHECK(gate{}.get({1, 0, 0, 0, 0, 1}, theirs) == verdict::close);
  introduced x;
  CHECK(x.get({1, 2}, theirs) == verdict::pass); // again, to be answered here
  CHECK(x.get({1}, std::string(32, 'd')) == verdict::close);
  CHECK(x.wrong() == "introduced itself as a node that it is not");
}

TEST_CASE("the gate lets a client's messages in") {
  introduced x;
  CHECK(x.get({2, 0, 0, ask, 5, 7}, "hello, I am a client") == verdict::pass);
  CHECK(x.get({2, 0, 0, ask, 5, 9}, "acquire this") == verdict::pass);
  CHECK(x.get({2, 0, 0, tell, 5, 9}, "release that") == verdict::pass);
  CHECK(x.get({4, 0, 0, 0, 0, 9}, theirs + ours) == verdict::pass);
  CHECK(x.get({5, 0, 0, 0, 5}, theirs + ours + "r") == verdict::pass);
  CHECK(x.get({5, 0, 0, 0, 5}, theirs + ours + std::string(15, 'r')) == verdict::pass);
  CHECK(x.get({6}) == verdict::pass);
}

TEST_CASE("the gate drops what nodes of CAF say unasked about spawning") {
  introduced x;
  CHECK(x.head(message{2, 1, 6, tell, 5, 0x1234}.bytes()) == verdict::drop);
  CHECK(x.payload("?spawn") == verdict::drop);
  CHECK(x.get({2, 0, 0, tell, 5, 8}, "!spawn, by 3") == verdict::drop);
  // Nothing else, and nobody else.
  CHECK(x.get({2, 1, 0, tell, 5, 0x1234}, "?spawn a") == verdict::close);
  CHECK(introduced{}.get({2, 1, 0, tell, 5, 9}, "acquire") == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, tell, 5, 9}, "!spawn") == verdict::close);
}

TEST_CASE("the gate lets nothing to actors that are not for the peer") {
  for (auto& text : {"hello", "acquire", "shut down"}) {
    CHECK(introduced{}.get({2, 0, 0, ask, 5, 8}, text) == verdict::close);
  }
  gate other;
  REQUIRE(other.get({1}, std::string(32, 'd')) == verdict::pass);
  CHECK(other.get({2, 0, 0, ask, 5, 9}, "acquire") == verdict::close);
  CHECK(other.wrong() == "sent a message to an actor that is not for it");
}

TEST_CASE("the gate lets in no message of another type") {
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 7}, "acquire") == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 9}, "hello") == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 9}, "acquir") == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 9}, "shut down") == verdict::close);
}

TEST_CASE("the gate lets in one category of messages") {
  // All sixteen values of the four highest bits: answers, answered ones, urgent ones
  // and streams.
  for (std::uint64_t category = 0; category < 16; ++category) {
    CAPTURE(category);
    introduced x;
    CHECK(x.get({2, 0, 0, category << 60, 5, 7}, "hello")
          == (category == 1 ? verdict::pass : verdict::close));
    introduced y;
    CHECK(y.get({2, 0, 0, category << 60 | 77, 5, 9}, "acquire")
          == (category == 1 ? verdict::pass : verdict::close));
  }
}

TEST_CASE("the gate lets in no other kind of message") {
  for (int operation = 0; operation < 256; ++operation) {
    CAPTURE(operation);
    if (operation == 1 || operation == 2 || (operation >= 4 && operation <= 6))
      continue;
    introduced x;
    CHECK(x.get({static_cast<std::uint8_t>(operation), 0, 0, ask, 5, 9}, theirs + ours)
          == verdict::close);
    CHECK(x.wrong()
          == "sent a message of the kind " + std::to_string(operation) + ", which no client does");
  }
}

TEST_CASE("the gate lets in messages of one sender to one receiver, with a text") {
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 9}) == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, ask, 0, 9}, "acquire") == verdict::close);
  CHECK(introduced{}.get({2, 0, 0, ask, 5, 0}, "acquire") == verdict::close);
  CHECK(introduced{}.get({2, 2, 0, ask, 5, 9}, "acquire") == verdict::close);
  CHECK(introduced{}.get({2, 255, 0, ask, 5, 9}, "acquire") == verdict::close);
}

TEST_CASE("the gate lets a peer speak for so many actors at a time") {
  introduced x;
  for (std::uint64_t sender : {1, 2, 3})
    CHECK(x.get({2, 0, 0, ask, sender, 9}, "acquire") == verdict::pass);
  CHECK(x.get({2, 0, 0, ask, 3, 9}, "release") == verdict::pass);
  SECTION("one more closes it") {
    CHECK(x.get({2, 0, 0, ask, 4, 9}, "acquire") == verdict::close);
    CHECK(x.wrong() == "speaks for more than 3 actors");
  }
  SECTION("but not when one of them has ended") {
    CHECK(x.get({5, 0, 0, 0, 2}, theirs + ours + "r") == verdict::pass);
    CHECK(x.get({2, 0, 0, ask, 4, 9}, "acquire") == verdict::pass);
    CHECK(x.get({2, 0, 0, ask, 2, 9}, "acquire") == verdict::close);
  }
}

TEST_CASE("the gate lets a peer speak of no other node") {
  std::string third(32, 't');
  for (auto& nodes : {third + ours, theirs + third, ours + theirs}) {
    CHECK(introduced{}.get({4, 0, 0, 0, 0, 9}, nodes) == verdict::close);
    CHECK(introduced{}.get({5, 0, 0, 0, 5}, nodes + "r") == verdict::close);
  }
  CHECK(introduced{}.get({4, 0, 0, 0, 0, 9}, theirs + ours + "x") == verdict::close);
  CHECK(introduced{}.get({4, 0, 0, 1, 0, 9}, theirs + ours) == verdict::close);
  CHECK(introduced{}.get({4, 0, 0, 0, 5, 9}, theirs + ours) == verdict::close);
  CHECK(introduced{}.get({5, 0, 0, 0, 0}, theirs + ours + "r") == verdict::close);
  CHECK(introduced{}.get({5, 0, 0, 0, 5, 9}, theirs + ours + "r") == verdict::close);
  CHECK(introduced{}.get({5, 0, 0, 0, 5}, theirs + ours + "a reason with a text")
        == verdict::close);
}

TEST_CASE("the gate lets in only so many bytes") {
  gate x;
  CHECK(x.head(message{1, 0, 4097}.bytes()) == verdict::close);
  CHECK(x.wrong() == "announced a message of 4097 bytes, 4096 are the most");
  introduced y;
  CHECK(y.head(message{2, 0, 1048576, ask, 5, 9}.bytes()) == verdict::pass);
  introduced z;
  CHECK(z.head(message{2, 0, 1048577, ask, 5, 9}.bytes()) == verdict::close);
  CHECK(z.wrong() == "announced a message of 1048577 bytes, 1048576 are the most");
}

TEST_CASE("the gate lets in no sign of life with anything in it, and no bytes that mean nothing") {
  CHECK(introduced{}.get({6}, "x") == verdict::close);
  CHECK(introduced{}.get({6, 0, 0, 1}) == verdict::close);
  CHECK(introduced{}.get({6, 0, 0, 0, 1}) == verdict::close);
  CHECK(introduced{}.get({6, 0, 0, 0, 0, 1}) == verdict::close);
  for (std::size_t at : {1, 2}) {
    auto bytes = message{6}.bytes();
    bytes[at] = 1;
    CHECK(introduced{}.head(bytes) == verdict::close);
  }
}
