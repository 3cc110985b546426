// Writes answers as HTTP. Pure but for the clock behind `Date`.
#pragma once

#include "net/session/http_content.hpp"

#include <string>

namespace lockserver {

struct http_answer {
  http_content content{};
  http_version version = http_version::v1_1; ///< Of the request.
  bool keep_alive = true;                    ///< Whether another request may follow.
  bool without_body = false;                 ///< It was a HEAD.
};

/// Appends `x` to `out`: to HTTP/0.9 the body alone.
void append(std::string& out, const http_answer& answer);

} // namespace lockserver
