// The owner of what lockctl takes, if its user names none.
#include "apps/lockctl/owner.hpp"

#include "tests/support/catch.hpp"

#include <unistd.h>

#include <string>

using lockserver::lockctl::default_owner;

TEST_CASE("an owner that nobody has named says who asks and where, and does not repeat") {
  auto x = default_owner({});
  auto process = ":" + std::to_string(getpid()) + "-";
  CHECK_THAT(x, Catch::Matchers::Contains("@") && Catch::Matchers::Contains(process));
  CHECK(x.find('/') == std::string::npos);
  CHECK(x != default_owner({}));
}

TEST_CASE("an owner that nobody has named begins as the server allows") {
  auto plain = default_owner({});
  auto person = plain.substr(0, plain.find(':'));
  auto begins = [](const std::string& text) { return Catch::Matchers::StartsWith(text); };
  CHECK_THAT(default_owner({"ci", "ci/*"}), begins("ci/" + person));
  CHECK_THAT(default_owner({"web-*", "ci/*"}), begins("web-" + person));
  CHECK_THAT(default_owner({"*"}), begins(person));
  // A name for one owner only could be in use.
  CHECK_THAT(default_owner({"ci"}), begins(person));
}
