#include "tests/support/catch.hpp"

#include "actors/rules/seeded_hash.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

using namespace lockserver;

namespace {

// The key and the texts of SipHash's reference implementation.
constexpr hash_key reference_key{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string bytes_up_to(std::size_t size) {
  std::string result;
  for (std::size_t i = 0; i < size; ++i)
    result += static_cast<char>(i);
  return result;
}

} // namespace

TEST_CASE("SipHash gives the values of its reference implementation") {
  CHECK(sip_hash<2, 4>(reference_key, bytes_up_to(0)) == 0x726fdb47dd0e0e31);
  CHECK(sip_hash<2, 4>(reference_key, bytes_up_to(1)) == 0x74f839c593dc67fd);
  CHECK(sip_hash<2, 4>(reference_key, bytes_up_to(8)) == 0x93f5f5799a932462);
  CHECK(sip_hash<2, 4>(reference_key, bytes_up_to(15)) == 0xa129ca6149be45e5);
}

TEST_CASE("another key gives other values") {
  auto text = bytes_up_to(20);
  CHECK(sip_hash<1, 3>(reference_key, text) == sip_hash<1, 3>(reference_key, text));
  CHECK(sip_hash<1, 3>(reference_key, text) != sip_hash<1, 3>({1, 2}, text));
  CHECK(sip_hash<1, 3>({1, 2}, text) != sip_hash<1, 3>({2, 1}, text));
}

TEST_CASE("names that have one bucket by the standard library's hash have many by ours") {
  constexpr std::size_t buckets = 1'031;
  std::vector<std::string> names;
  for (std::size_t i = 0; names.size() < 1'000; ++i)
    if (auto name = "key" + std::to_string(i); std::hash<std::string>{}(name) % buckets == 0)
      names.push_back(name);
  std::array<std::size_t, buckets> fill{};
  for (auto& name : names)
    ++fill.at(seeded_hash{}(name) % buckets);
  CHECK(*std::max_element(fill.begin(), fill.end()) < 20);
}
