// Bytes in, the head of one request out: HTTP/1.1 and 1.0 by Beast's parser,
// and HTTP/0.9. Knows no sockets, no dialects, no actors.
#pragma once

#include "net/access/authorization.hpp"
#include "net/session/http_content.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

/// What a request asks, before anyone has looked at its target. Points into the
/// input.
struct request_head {
  http_version version = http_version::v1_1; ///< 1.1 stands for all 1.x after it.
  std::string_view method{};                 ///< As sent.
  std::string_view target{};                 ///< As sent, without scheme and host.
  std::string_view host{};                   ///< Whom it asks, with the port; may be empty.
  std::string_view content_type{};           ///< As sent, or empty.
  authorization_field credentials{};         ///< As sent.
  std::uint64_t content_length = 0;          ///< Of the body, unless it is chunked.
  bool chunked = false;                      ///< The body comes in chunks.
  bool has_body = false;                     ///< A body follows that is not empty.
  bool keep_alive = false;                   ///< Whether the client wants to go on afterwards.
  bool expects_continue = false;             ///< It sends the body when told to (RFC 9110, 10.1.1).
  bool from_other_site = false;              ///< A browser sends it for a web page of another site.
};

/// Why a request could not be read. The connection has to be closed after the
/// answer, since nobody knows where the next request starts.
struct head_error {
  int status = 0;     ///< HTTP status; 0 means that there is no error.
  std::string reason; ///< One sentence for the client.
};

/// Finds one request head after the other in what a client sends.
class head_reader {
public:
  /// Longest request target (and so request line, but for some bytes): keys
  /// and owners of 512 bytes, each percent-encoded, take 3 KiB.
  static constexpr std::size_t max_target = 8 * 1024;

  /// Longest head. As much as common HTTP servers take.
  static constexpr std::size_t max_head = 16 * 1024;

  enum class status : std::uint8_t {
    incomplete, ///< More input is needed.
    complete,   ///< `head()` is valid, as long as the input stays in place.
    error,      ///< `error()` is valid; so is `head().version`.
  };

  /// Looks at `input`, which starts with a request; a call after `incomplete`
  /// passes the same bytes and more. Work done once is not done again, so that
  /// a client gains nothing by sending byte by byte.
  ///
  /// HTTP/0.9 is read as Lock::Server's clients send it, as the first request
  /// only: `GET` or `POST`, a blank, and a path up to the end of the line.
  status read(std::string_view input);

  const request_head& head() const noexcept {
    return head_;
  }
  const head_error& error() const noexcept {
    return error_;
  }

  /// As much of the target as `input`, which `read` found wrong, tells.
  static std::string_view target_in(std::string_view input) noexcept;

  /// Length of the head, valid after `complete`: the next request starts there.
  std::size_t size() const noexcept {
    return size_;
  }

  /// Whether nothing of a request has been seen since the last.
  bool at_start() const noexcept {
    return scanned_ == 0;
  }

  /// Prepares for the next request.
  void reset() noexcept {
    scanned_ = 0;
    line_end_ = 0;
    is_first_ = false;
  }

private:
  status fail(int http_status, std::string reason);
  status read_first_line(std::string_view input);
  status read_simple(std::string_view line);
  status read_fields(std::string_view input);
  status read_full(std::string_view head);

  request_head head_;
  head_error error_;
  std::size_t size_ = 0;
  std::size_t scanned_ = 0;  // input already searched
  std::size_t line_end_ = 0; // behind the first line, once known
  std::size_t last_end_ = 0; // of the last line that is known
  bool is_first_ = true;     // nothing came before it on the connection
};

} // namespace lockserver
