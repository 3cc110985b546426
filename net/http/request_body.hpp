// The bytes behind a head in, a whole request with a body out. Knows no
// sockets, no dialects, no actors.
#pragma once

#include "net/http/request_head.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lockserver {

/// Reads the body of one request: with a length, or chunked. Made when the head
/// has been found; keeps what is still needed of it.
class body_reader {
public:
  /// Longest body. A request of this server has some hundred bytes.
  static constexpr std::size_t max_body = 64 * 1024;

  /// The most that a chunk's line, the extensions of all chunks, and the trailer
  /// fields may have, each: as much as a head. Their meaning is ignored; trailer
  /// fields never become header fields (RFC 9110, 6.5.1).
  static constexpr std::size_t max_extra = head_reader::max_head;

  enum class status {
    incomplete, ///< More input is needed.
    complete,   ///< What follows is valid.
    error,      ///< `error()` is valid.
  };

  /// @param head has a body; may end after the call.
  explicit body_reader(const request_head& head);
  ~body_reader();

  /// Takes what it needs of `input`, which follows what it took before. Returns
  /// how much that is. Not to be called unless `incomplete`.
  std::size_t read(std::string_view input);

  status now() const noexcept {
    return status_;
  }
  const head_error& error() const noexcept {
    return error_;
  }

  // Of the head:
  std::string_view method() const noexcept {
    return method_;
  }
  std::string_view target() const noexcept {
    return target_;
  }
  std::string_view content_type() const noexcept {
    return content_type_;
  }

  authorization_field credentials() const noexcept {
    return {credentials_, credentials_count_};
  }

  std::string_view body() const noexcept {
    return body_;
  }

private:
  class chunk_parser; // Beast's is heavy

  std::size_t read_sized(std::string_view input);
  std::size_t read_chunks(std::string_view input);
  void fail(int http_status, std::string reason);

  std::string method_;
  std::string target_;
  std::string content_type_;
  std::string credentials_;
  unsigned credentials_count_ = 0;
  std::string body_;
  std::size_t length_ = 0;               // unless it is chunked
  std::unique_ptr<chunk_parser> chunks_; // if it is
  bool begun_ = false;                   // a first chunk is there
  status status_ = status::incomplete;
  head_error error_;
};

} // namespace lockserver
