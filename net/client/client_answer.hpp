// Reads the bytes that a server, or any other peer, answers with. Pure: no input or
// output, and no exception, whatever the bytes are.
#pragma once

#include "net/client/http_call.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

namespace lockserver {

/// Reads one answer, and skips interim answers (1xx) before it.
class answer_reader {
public:
  /// Limits the head of an answer. Also limits the other bytes that are not its body
  /// (sizes of chunks, trailers): this many for each byte of the body, and once more.
  /// Proxies add some fields, but nobody needs more than this.
  static constexpr std::size_t most_overhead = 64 * 1024;
  /// A server sends one or two interim answers at most.
  static constexpr int most_interim = 16;

  /// @param most_body the longest body that is accepted.
  explicit answer_reader(std::size_t most_body);

  /// Consumes a part of `input` and returns its size. Give the rest again, with what
  /// follows it, until `done` or `error`.
  std::size_t read(std::string_view input) noexcept;

  /// Tells the reader that no more bytes will come.
  void end() noexcept;

  /// Whether an answer is complete; then `error` is clear.
  bool done() const noexcept {
    return done_;
  }

  /// Why there will be no answer: `errc::bad_answer` or `errc::connection_lost`.
  std::error_code error() const noexcept {
    return error_;
  }

  /// Whether at least one byte has arrived.
  bool got_some() const noexcept {
    return taken_ > 0;
  }

  /// Writes the answer into `result`. @pre done()
  /// @param unread whether bytes arrived that belong to no answer.
  void take(bool unread, exchange_result& result);

private:
  using parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  void begin();
  std::size_t read_some(std::string_view input);
  void fail(std::error_code why) noexcept;

  const std::size_t most_body_;
  std::unique_ptr<parser> parser_;
  std::error_code error_{};
  std::size_t taken_ = 0;
  int interim_ = 0;
  bool body_begun_ = false;
  bool done_ = false;
};

/// The result of an exchange in which a server sends `bytes` and then closes the
/// connection. It covers everything that a client does with an answer before it reads the
/// JSON.
exchange_result read_answer(std::string_view bytes, std::size_t most_body) noexcept;

} // namespace lockserver
