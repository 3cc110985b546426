// How much fits into one answer. Knows no dialect, but that all of them escape.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockserver {

/// What is left of the room in one answer. Names and metadata can be of any bytes, and
/// of any number; an answer that tells them is made in one turn and kept until its
/// client has taken it, so it stops when the room is used up.
class answer_room {
public:
  /// One answer: a page of a thousand ordinary keys. Made in about a millisecond.
  static constexpr std::size_t whole = std::size_t{256} * 1024;

  explicit answer_room(std::size_t size = whole) noexcept : left_(size) {
  }

  /// Takes room for an entry of one or two texts. Returns false if there was too little:
  /// then nothing more is to be told.
  bool take(std::string_view text, std::string_view more = {}) noexcept {
    auto size = around_texts + size_of(text) + size_of(more);
    if (left_ < size)
      return false;
    left_ -= size;
    return true;
  }

private:
  // The members' names, numbers and punctuation of one entry.
  static constexpr std::size_t around_texts = 100;

  // As JSON escapes it.
  static std::size_t size_of(std::string_view text) noexcept {
    std::size_t result = text.size();
    for (unsigned char c : text) {
      if (c < 0x20)
        result += 5; // \u0001
      else if (c == '"' || c == '\\')
        result += 1;
    }
    return result;
  }

  std::size_t left_;
};

/// Holders that are named to who did not ask for them: in a refusal, in a list. Enough
/// to find the one to talk to; the count says how many there are.
inline constexpr std::size_t few_holders = 10;

} // namespace lockserver
