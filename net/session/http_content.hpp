// What an answer says, before anyone writes it as HTTP.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockserver {

enum class http_version : std::uint8_t { v0_9, v1_0, v1_1 };

enum class media_type : std::uint8_t { text, json, problem, yaml };

/// What an answer says, whoever asked.
struct http_content {
  int status = 200;
  media_type type = media_type::text;
  std::string_view body{};
  std::string_view reason{}; ///< Why it was refused; becomes a header.
  std::string_view allow{};  ///< Methods that are right; becomes a header.
  unsigned retry_after = 0;  ///< Seconds until it may be different; becomes a header.
};

/// What a status is called in words.
std::string_view reason_phrase(int status);

} // namespace lockserver
