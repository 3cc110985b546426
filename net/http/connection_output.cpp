// How a connection writes its answers, and what becomes of those that are not taken.
#include "net/http/connection.hpp"

#include <boost/asio/error.hpp>

#include <spdlog/logger.h>

#include <string>
#include <string_view>
#include <utility>

namespace lockserver {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Answers that clients do not take, of all connections: beyond, who takes none is
// closed. A fraction of what 10,000 connections cost anyway.
constexpr std::size_t max_untaken = std::size_t{64} * 1024 * 1024;

// A buffer that has been larger is given back, so that a long answer does not cost
// its memory for as long as its connection lasts.
constexpr std::size_t max_kept_output = 64 * 1024;

} // namespace

void connection::end_turn() {
  flush_planned_ = false;
  if (phase_ == phase::open && !writing_)
    guard([this] { do_flush(); });
}

void connection::do_flush() {
  auto is_last = last_answer_ && !busy_;
  if (end_of_input_ && session_->in_doubt())
    await_acknowledgement();
  while (!nothing_to_write()) {
    error_code ec;
    auto size = wire_->write(std::string_view{output_}.substr(written_), is_last, ec);
    written_ += size;
    sent_ += size;
    if (ec == asio::error::would_block)
      return on_untaken();
    if (ec) {
      failure_ = ec;
      return on_broken();
    }
  }
  auto answered = !output_.empty();
  written_ = 0;
  output_.clear();
  if (output_.capacity() > max_kept_output)
    std::string{}.swap(output_);
  untaken_since_.reset();
  count_untaken();
  // What only the transport had to say gives nobody more time.
  if (answered || last_answer_)
    after_flush();
  else
    do_watch();
}

// Its deadline stays until it has taken enough, or all.
void connection::on_untaken() {
  count_untaken();
  if (context_.untaken > max_untaken) {
    context_.log.warn("a client is closed that does not take its answers: together these "
                      "have more than {} bytes",
                      max_untaken);
    return on_broken();
  }
  if (!untaken_since_) {
    untaken_since_ = arrived_on_wire();
    set_deadline(context_.config.write_timeout);
  }
  do_wait_writable();
}

void connection::count_untaken() noexcept {
  auto now = output_.size() - written_ + wire_->unsent();
  if (now == counted_)
    return;                                               // nearly always
  context_.untaken += now - std::exchange(counted_, now); // unsigned, so less fits, too
}

void connection::do_wait_writable() {
  writing_ = true;
  socket().async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& ec) {
    self->writing_ = false;
    if (self->phase_ != phase::open)
      return;
    self->guard([&] {
      if (ec)
        self->on_broken();
      else
        self->do_flush();
    });
  });
}

void connection::after_flush() {
  if (busy_) {
    deadline_ = time_point::max();
    return do_watch();
  }
  if (last_answer_)
    return do_drain();
  set_deadline(request_started_ ? context_.config.header_timeout : context_.config.idle_timeout);
  // What was left because too many answers had piled up.
  if (!input_.empty())
    serve_received();
  if (end_of_input_ && nothing_to_do())
    return do_drain();
  do_watch();
}

bool connection::nothing_to_write() const noexcept {
  return written_ == output_.size() && wire_->unsent() == 0;
}

bool connection::nothing_to_do() const noexcept {
  return !busy_ && nothing_to_write() && !share_planned_;
}

} // namespace lockserver
