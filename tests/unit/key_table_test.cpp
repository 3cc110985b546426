#include "actors/rules/key_table.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using lockserver::key_table;

TEST_CASE("a table finds what was added, until it is removed") {
  key_table<int> x;
  CHECK(x.find("a") == nullptr);
  x.add("a") = 1;
  x.add("") = 2;
  REQUIRE(x.find("a") != nullptr);
  CHECK(*x.find("a") == 1);
  CHECK(*x.find("") == 2);
  x.remove("a");
  x.remove("never there");
  CHECK(x.find("a") == nullptr);
  CHECK(*x.find("") == 2);
  CHECK(x.names().size() == 1);
  x.clear();
  CHECK(x.find("") == nullptr);
  CHECK(x.names().empty());
}

TEST_CASE("what a table has stays where it is while others come and go") {
  key_table<int> x;
  auto* first = &x.add("first");
  for (int i = 0; i < 100'000; ++i)
    x.add(std::to_string(i)) = i;
  for (int i = 0; i < 100'000; i += 2)
    x.remove(std::to_string(i));
  CHECK(x.find("first") == first);
  CHECK(*x.find("99999") == 99'999);
  CHECK(x.find("0") == nullptr);
}

TEST_CASE("a table has its names in their order, and all of what it has once") {
  key_table<int> x;
  for (auto* name : {"b", "a", "a\x80", "", "ab"})
    x.add(name) = 1;
  std::vector<std::string> names(x.names().begin(), x.names().end());
  CHECK(names == std::vector<std::string>{"", "a", "ab", "a\x80", "b"});
  int sum = 0;
  x.for_each([&](int& value) { sum += value++; });
  CHECK(sum == 5);
  CHECK(*x.find("b") == 2);
}
