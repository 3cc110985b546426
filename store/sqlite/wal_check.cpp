#include "store/sqlite/wal_check.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace lockserver {

namespace {

using byte = unsigned char;
using bytes = std::span<const byte>;

constexpr std::size_t frame_header_size = 24;

// A disk writes this much as a whole, or not at all.
constexpr std::uint64_t sector_size = 512;

std::uint32_t big_endian(const byte* x) {
  return std::uint32_t{x[0]} << 24 | std::uint32_t{x[1]} << 16 | std::uint32_t{x[2]} << 8 | x[3];
}

std::uint32_t little_endian(const byte* x) {
  return std::uint32_t{x[3]} << 24 | std::uint32_t{x[2]} << 16 | std::uint32_t{x[1]} << 8 | x[0];
}

struct checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const checksum&) const = default;
};

// Both are stored like that.
checksum checksum_at(const byte* x) {
  return {big_endian(x), big_endian(x + 4)};
}

bool read(std::istream& in, std::vector<byte>& out) {
  in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  return static_cast<std::size_t>(in.gcount()) == out.size();
}

struct header {
  explicit header(const std::vector<byte>& x)
    : words_are_big_endian((x[3] & 1) != 0),
      page_size(big_endian(&x[8])),
      salts(checksum_at(&x[16])),
      sum(checksum_at(&x[24])) {
    auto magic = big_endian(x.data()) & ~std::uint32_t{1};
    auto is_power_of_two = (page_size & (page_size - 1)) == 0;
    is_right = magic == 0x377f0682 && big_endian(&x[4]) == 3007000 && page_size >= 512
               && page_size <= 65536 && is_power_of_two
               && after({}, bytes{x}.first(wal_header_size - 8)) == sum;
  }

  // The checksum that goes on from `x` over some more data.
  checksum after(checksum x, bytes data) const {
    auto word = words_are_big_endian ? big_endian : little_endian;
    for (std::size_t i = 0; i < data.size(); i += 8) {
      x.first += word(&data[i]) + x.second;
      x.second += word(&data[i + 4]) + x.first;
    }
    return x;
  }

  bool words_are_big_endian;
  std::uint32_t page_size;
  checksum salts; // not one, but of the same size
  checksum sum;
  bool is_right = false;
};

// What is to be known of a frame to judge the next one.
struct frame {
  bool continues = false;     // the one before, with this log's salts
  bool ends_a_change = false; // is the last of a transaction
  checksum stored;
  checksum computed; // equal unless something is wrong
};

// The header of a frame at `position` was written at once.
bool is_in_one_sector(std::uint64_t position) {
  return position / sector_size == (position + frame_header_size - 1) / sector_size;
}

frame judge(std::vector<byte>& x, std::uint64_t position, const header& log, const frame& last) {
  frame result;
  result.stored = checksum_at(&x[16]);
  auto is_intact = [&] {
    // If only the checksum of the last frame is wrong, the right one is known.
    for (auto& seed : {last.stored, last.computed}) {
      result.computed = log.after(log.after(seed, bytes{x}.first(8)),
                                  bytes{x}.subspan(frame_header_size));
      if (result.computed == result.stored)
        return true;
    }
    return false;
  };
  auto* pages_in_all = &x[4]; // in the last frame of a transaction, else 0
  result.ends_a_change = big_endian(pages_in_all) != 0;
  if (is_intact()) {
    auto page = big_endian(x.data());
    result.continues = page != 0 && checksum_at(&x[8]) == log.salts;
  } else if (result.ends_a_change) {
    auto computed = result.computed;
    std::fill_n(pages_in_all, 4, byte{0});
    auto was_zero = is_intact();
    result.computed = computed;
    result.ends_a_change = !was_zero && is_in_one_sector(position);
  }
  return result;
}

} // namespace

wal_report check_wal(std::istream& in) {
  wal_report result;
  std::vector<byte> head(wal_header_size);
  if (!read(in, head)) {
    result.size = static_cast<std::uint64_t>(std::max(in.gcount(), std::streamsize{0}));
    result.what = result.size == 0 ? wal_report::empty : wal_report::bad_header;
    return result;
  }
  result.size = wal_header_size;
  header log{head};
  std::vector<byte> x(frame_header_size + (log.is_right ? log.page_size : 512));
  frame last;
  last.ends_a_change = true;
  last.stored = last.computed = log.sum;
  result.what = log.is_right ? wal_report::sound : wal_report::bad_header;
  for (; read(in, x); result.size += x.size()) {
    if (!log.is_right)
      continue;
    auto next = judge(x, result.size, log, last);
    if (next.continues && last.ends_a_change && result.position != 0) {
      result.what = wal_report::damaged;
      return result;
    }
    if (!next.continues && result.position == 0)
      result.position = result.size;
    last = next;
  }
  return result;
}

} // namespace lockserver
