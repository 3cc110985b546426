// Reads the bytes that a server, or whatever else is there, answers with. Pure:
// does no input or output, and throws nothing, whatever the bytes are.
#pragma once

#include "net/client/http_call.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

namespace lockserver {

/// Reads one answer. Interim answers (1xx) before it are skipped.
class answer_reader {
public:
  /// The longest head of an answer, and the most of its other bytes that are not
  /// its body (sizes of chunks, trailers) for each byte of the body and once more:
  /// proxies add some fields, but nobody needs more than this.
  static constexpr std::size_t most_overhead = 64 * 1024;
  /// A server has one or two things to say before its answer.
  static constexpr int most_interim = 16;

  /// @param most_body the longest body that is taken.
  explicit answer_reader(std::size_t most_body);

  /// Takes a part of `input` and returns its size. The rest is to be given again,
  /// with what comes after it, until `done` or `error`.
  std::size_t read(std::string_view input) noexcept;

  /// Nothing comes any more.
  void end() noexcept;

  /// Whether an answer is complete; then `error` is clear.
  bool done() const noexcept {
    return done_;
  }

  /// Why there will be no answer: `errc::bad_answer` or `errc::connection_lost`.
  std::error_code error() const noexcept {
    return error_;
  }

  /// Whether at least one byte has come.
  bool got_some() const noexcept {
    return taken_ > 0;
  }

  /// Fills in what the answer says. @pre done()
  /// @param unread whether bytes came that belong to no answer.
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

/// What comes of an exchange in which a server sends `bytes` and then closes the
/// connection: all that a client does with an answer before it is read as JSON.
exchange_result read_answer(std::string_view bytes, std::size_t most_body) noexcept;

} // namespace lockserver
