// Limits the size of one answer. Knows no dialect; it assumes that they escape texts.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockserver {

/// The room that is left in one answer. Names and metadata may have any bytes and any
/// number. An answer is made in one turn, and kept until its client has read it. So it
/// stops when the room is used up.
class answer_room {
public:
  /// The size of one answer: a page of a thousand ordinary keys. It takes about a
  /// millisecond.
  static constexpr std::size_t whole = std::size_t{256} * 1024;

  explicit answer_room(std::size_t size = whole) noexcept : left_(size) {
  }

  /// Takes room for an entry of one or two texts. Returns false if there was too little;
  /// then the answer must stop.
  bool take(std::string_view text, std::string_view more = {}) noexcept {
    auto size = around_texts + size_of(text) + size_of(more);
    if (left_ < size)
      return false;
    left_ -= size;
    return true;
  }

private:
  // The names of members, numbers and punctuation of one entry.
  static constexpr std::size_t around_texts = 100;

  // The size after JSON's escaping.
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

/// The number of holders shown to a client that did not ask for them, in a refusal or a
/// list. It is enough to find somebody to talk to. The answer also has the count of all.
inline constexpr std::size_t few_holders = 10;

} // namespace lockserver
