#include "actors/rules/key_partition.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace lockserver;

TEST_CASE("a key is in the same part in every process and on every machine") {
  CHECK(partition_of("") == 44);
  CHECK(partition_of("k") == 45);
  CHECK(partition_of("orders/42") == 42);
  CHECK(partition_of("a name that is longer than one word of the hash") == 61);
}

TEST_CASE("ordinary names are spread over all parts") {
  std::array<int, key_partitions> count{};
  for (int i = 0; i < 6'400; ++i)
    ++count.at(partition_of("orders/" + std::to_string(i)));
  CHECK(std::ranges::min(count) > 60);
  CHECK(std::ranges::max(count) < 140);
}
