// Bytes in, one whole request with a body out, by Beast's parser. Knows no
// sockets, no dialects, no actors.
#pragma once

#include "net/request_head.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace lockserver {

/// Reads one request that has a body: with a length, or chunked. Made when its
/// head has been found, and fed with it first.
class body_reader {
public:
  /// Longest body. A request of this server has some hundred bytes.
  static constexpr std::size_t max_body = 64 * 1024;

  enum class status {
    incomplete, ///< More input is needed.
    complete,   ///< What follows is valid.
    error,      ///< `error()` is valid.
  };

  body_reader();
  ~body_reader();

  /// Takes what it needs of `input`, which follows what it took before. Returns
  /// how much that is.
  std::size_t read(std::string_view input);

  status now() const noexcept {
    return status_;
  }
  const head_error& error() const noexcept {
    return error_;
  }

  std::string_view method() const;
  std::string_view target() const;
  std::string_view content_type() const;
  std::string_view body() const;

private:
  struct impl; // Beast's parser is heavy
  std::unique_ptr<impl> impl_;
  status status_ = status::incomplete;
  head_error error_;
};

} // namespace lockserver
