// What the fuzz targets share. Each target reads the fuzzer's bytes as one of our
// parsers does, and checks what must hold for all input, beyond not crashing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

/// Ends the process, by which the fuzzer keeps the input, unless `x` holds.
inline void require(bool x, const char* what) {
  if (x)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The input in parts: a byte here and there decides something, the rest is text.
class input {
public:
  input(const std::uint8_t* data, std::size_t size)
    : left_(reinterpret_cast<const char*>(data), size) {
  }

  /// 0 to `most`.
  unsigned number(unsigned most) {
    if (left_.empty())
      return 0;
    auto result = static_cast<unsigned char>(left_.front()) % (most + 1);
    left_.remove_prefix(1);
    return result;
  }
  std::string_view rest() const {
    return left_;
  }

private:
  std::string_view left_;
};

/// Whether a sentence may go into a header or a log as it is.
inline bool is_sentence(std::string_view x) {
  for (char c : x)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e)
      return false;
  return !x.empty() && x.size() < 512;
}

} // namespace fuzz
