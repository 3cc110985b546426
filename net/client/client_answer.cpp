#include "net/client/client_answer.hpp"

#include "actors/rules/first_chunk.hpp"
#include "lockserver/errc.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <charconv>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// Longer sentences do not help, and must fit into a log or a terminal.
constexpr std::size_t most_complaint = 1024;

// Reads seconds. A date, which our server never sends, counts as none.
std::optional<std::chrono::seconds> seconds_in(std::string_view text) {
  unsigned value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return std::chrono::seconds{value};
}

} // namespace

answer_reader::answer_reader(std::size_t most_body) : most_body_(most_body) {
  begin();
}

void answer_reader::begin() {
  parser_ = std::make_unique<parser>(); // not eager: it stops between head and body
  parser_->header_limit(most_overhead);
  parser_->body_limit(most_body_);
}

std::size_t answer_reader::read(std::string_view input) noexcept {
  if (done_ || error_)
    return 0;
  try {
    return read_some(input);
  } catch (const std::exception&) { // Beast's limits of fields, or no memory
    fail(errc::bad_answer);
    return 0;
  }
}

std::size_t answer_reader::read_some(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && !done_ && !error_) {
    auto rest = input.substr(used);
    auto in_body = parser_->is_header_done();
    if (in_body && parser_->chunked() && !body_begun_ && is_cut_short(rest))
      break;
    error_code ec;
    auto size = parser_->put(boost::asio::const_buffer{rest.data(), rest.size()}, ec);
    body_begun_ = body_begun_ || (in_body && size > 0);
    used += size;
    taken_ += size;
    if (ec == http::error::need_more)
      ec = {};
    auto no_status = parser_->is_header_done() && parser_->get().result_int() < 100;
    if (ec || no_status || taken_ > 2 * (most_overhead + parser_->get().body().size())) {
      fail(errc::bad_answer);
    } else if (parser_->is_done()) {
      auto interim = parser_->get().result_int() / 100 == 1;
      if (!interim)
        done_ = true;
      else if (++interim_ > most_interim)
        fail(errc::bad_answer);
      else
        begin();
    } else if (size == 0) {
      break;
    }
  }
  // A trailer without an end: the parser does not consume it.
  if (!done_ && input.size() - used > most_overhead)
    fail(errc::bad_answer);
  return used;
}

void answer_reader::end() noexcept {
  if (done_ || error_)
    return;
  try {
    error_code ec;
    // The end of the connection may be the end of the body. Before the first byte there
    // is no answer to end.
    if (parser_->got_some())
      parser_->put_eof(ec);
    done_ = !ec && parser_->got_some() && parser_->is_done();
  } catch (const std::exception&) {
    done_ = false;
  }
  if (!done_)
    fail(errc::connection_lost);
}

void answer_reader::fail(std::error_code why) noexcept {
  error_ = why;
}

void answer_reader::take(bool unread, exchange_result& result) {
  result.keep_alive = parser_->keep_alive() && !unread;
  auto& answer = parser_->get();
  result.status = answer.result_int();
  result.body = std::move(answer.body());
  auto complaint = answer["Lockserver-Error"];
  result.complaint = std::string{complaint.substr(0, most_complaint)};
  auto retry_after = answer[http::field::retry_after];
  result.retry_after = seconds_in({retry_after.data(), retry_after.size()});
}

exchange_result read_answer(std::string_view bytes, std::size_t most_body) noexcept {
  exchange_result result;
  try {
    answer_reader reader{most_body};
    std::size_t used = 0;
    while (!reader.done() && !reader.error()) {
      auto size = reader.read(bytes.substr(used));
      used += size;
      if (size == 0)
        break;
    }
    reader.end();
    result.answered = reader.got_some() || !bytes.empty();
    result.error = reader.error();
    if (reader.done())
      reader.take(used < bytes.size(), result);
  } catch (const std::exception&) {
    result.error = errc::bad_answer;
  }
  return result;
}

} // namespace lockserver
