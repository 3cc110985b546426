// The content of an answer, before it is written as HTTP.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockserver {

enum class http_version : std::uint8_t { v0_9, v1_0, v1_1 };

enum class media_type : std::uint8_t { text, json, problem, yaml };

/// The content of an answer, in any dialect.
struct http_content {
  int status = 200;
  media_type type = media_type::text;
  std::string_view body{};
  std::string_view reason{}; ///< Why it was refused; sent as a header.
  std::string_view allow{};  ///< The allowed methods; sent as a header.
  unsigned retry_after = 0;  ///< Seconds until a repeat may succeed; sent as a header.
};

/// The standard phrase for a status.
std::string_view reason_phrase(int status);

} // namespace lockserver
