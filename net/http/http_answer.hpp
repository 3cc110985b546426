// Writes answers as HTTP. Pure but for the clock behind `Date`.
#pragma once

#include "net/http/request_head.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

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

struct http_answer {
  http_content content{};
  http_version version = http_version::v1_1; ///< Of the request.
  bool keep_alive = true;                    ///< Whether another request may follow.
  bool without_body = false;                 ///< It was a HEAD.
};

/// Appends `x` to `out`: to HTTP/0.9 the body alone.
void append(std::string& out, const http_answer& answer);

/// What a status is called in words.
std::string_view reason_phrase(int status);

} // namespace lockserver
