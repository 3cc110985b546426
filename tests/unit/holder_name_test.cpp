#include "actors/rules/holder_name.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>

using namespace lockserver;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("the name of an anonymous holder is its owner") {
  CHECK(holder_name("", "alice") == "alice");
  CHECK(holder_name("", "").empty());
  CHECK(holder_name("", "*") == "*");
}

TEST_CASE("the name of an identity's holder says both") {
  CHECK(holder_name("ci", "alice") == "ci\0alice"s);
  CHECK(holder_name("ci", "") == "ci\0"s);
  CHECK(holder_name("ci", "a\0b"sv) == "ci\0a\0b"s);
  CHECK(holder_name("alice", "") != holder_name("", "alice"));
}

TEST_CASE("an anonymous client cannot pose as an identity") {
  CHECK(holder_name("", "ci\0alice"sv) == "\0ci\0alice"s);
  CHECK(parts_of(holder_name("", "ci\0alice"sv)).identity.empty());
}

TEST_CASE("a holder's name has all of its parts, and no two have the same") {
  constexpr std::array identities{""sv, "ci"sv, "c"sv, "alice"sv, any_identity};
  constexpr std::array owners{""sv,     "alice"sv, "ci"sv,     "\0"sv,        "\0alice"sv,
                              "ci\0"sv, "\0\0"sv,  "ci\0ci"sv, "ci\0alice"sv, "alice\0"sv};
  std::set<std::string> names;
  for (auto identity : identities)
    for (auto owner : owners) {
      auto name = holder_name(identity, owner);
      CHECK(names.insert(name).second);
      CHECK(parts_of(name).identity == identity);
      CHECK(parts_of(name).owner == owner);
    }
}
