#include "actors/rules/seeded_hash.hpp"

#include <bit>
#include <cstring>
#include <random>

namespace lockserver {

namespace {

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  explicit sip_state(const hash_key& key) noexcept
    : v0(key[0] ^ 0x736f6d6570736575),
      v1(key[1] ^ 0x646f72616e646f6d),
      v2(key[0] ^ 0x6c7967656e657261),
      v3(key[1] ^ 0x7465646279746573) {
  }

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  template <int Rounds>
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    for (int i = 0; i < Rounds; ++i)
      round();
    v0 ^= word;
  }
};

// Reads up to 8 bytes as a little-endian number.
std::uint64_t word_of(std::string_view bytes) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t result = 0;
    if (!bytes.empty())
      std::memcpy(&result, bytes.data(), bytes.size());
    return result;
  } else {
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      result |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return result;
  }
}

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

// Made before `main`, so that its users need not check for it.
const hash_key process_key{random_word(), random_word()};

} // namespace

template <int Rounds, int LastRounds>
std::uint64_t sip_hash(const hash_key& key, std::string_view text) noexcept {
  sip_state state{key};
  auto length = std::uint64_t{text.size()} << 56;
  for (; text.size() >= 8; text.remove_prefix(8))
    state.take<Rounds>(word_of(text.substr(0, 8)));
  state.take<Rounds>(length | word_of(text));
  state.v2 ^= 0xff;
  for (int i = 0; i < LastRounds; ++i)
    state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

template std::uint64_t sip_hash<1, 3>(const hash_key&, std::string_view) noexcept;
template std::uint64_t sip_hash<2, 4>(const hash_key&, std::string_view) noexcept;

std::size_t seeded_hash::operator()(std::string_view text) const {
  return sip_hash<1, 3>(process_key, text);
}

} // namespace lockserver
