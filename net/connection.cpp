#include "net/connection.hpp"

#include "actors/quoted.hpp"
#include "net/http_answer.hpp"

#include <boost/asio/buffer.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

namespace lockserver {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A client may send this many bytes of further requests while one is answered.
// About a thousand requests; more stay in the system's socket buffer.
constexpr std::size_t max_input = 64 * 1024;

// Answers that are not taken stop the serving of further requests.
constexpr std::size_t max_output = 64 * 1024;

// How much is read, and thrown away, after the last answer.
constexpr std::size_t max_drained = 1024 * 1024;

} // namespace

connection::connection(tcp::socket socket, io_thread& host, server_context& context, bool surplus)
  : host_(host), context_(context), socket_(std::move(socket)), surplus_(surplus) {
}

connection::~connection() = default;

void connection::start(caf::actor_system& sys) {
  io_thread::turn turn{host_};
  self_ = shared_from_this();
  session_handle_ = caf::actor_cast<caf::strong_actor_ptr>(
    sys.spawn<session, caf::lazy_init>(host_, context_, *this));
  session_ = static_cast<session*>(caf::actor_cast<caf::abstract_actor*>(session_handle_));
  set_deadline(context_.config.header_timeout);
  do_wait_readable();
}

void connection::finish() {
  if (phase_ != phase::open)
    return;
  io_thread::turn turn{host_};
  if (busy_)
    session_->refuse_wait();
  last_answer_ = true;
  if (!busy_ && nothing_to_write())
    close();
}

void connection::abort() {
  io_thread::turn turn{host_};
  close();
}

// -- reading ------------------------------------------------------------------

// Waits for the socket and then reads into the thread's buffer, so that a
// connection without input has none of its own.
void connection::do_wait_readable() {
  if (std::exchange(reading_, true))
    return;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->reading_ = false;
    self->on_readable(ec);
  });
}

void connection::on_readable(const error_code& ec) {
  if (phase_ == phase::closed)
    return;
  io_thread::turn turn{host_};
  auto& buffer = host_.read_buffer();
  error_code failed = ec;
  std::size_t size = 0;
  if (!failed)
    size = socket_.read_some(asio::buffer(buffer), failed);
  if (failed == asio::error::would_block)
    return do_wait_readable();
  if (failed == asio::error::eof)
    return on_end_of_input();
  if (failed)
    return on_broken();
  if (phase_ == phase::draining) {
    drained_ += size;
    return drained_ > max_drained ? close() : do_wait_readable();
  }
  on_input({buffer.data(), size});
}

void connection::on_input(std::string_view data) {
  if (data.size() <= early_input_) {
    early_input_ -= data.size();
  } else {
    early_input_ = 0;
    if (nothing_to_write() && !busy_)
      session_->client_continued();
  }
  if (input_.empty()) {
    auto served = serve(data);
    if (phase_ == phase::open)
      input_.assign(data.substr(served));
  } else {
    input_ += data;
    serve_received();
  }
  do_watch();
}

// Reads on if there is room; else that starts again after the next answers.
void connection::do_watch() {
  if (phase_ != phase::open || end_of_input_)
    return;
  if (has_room())
    do_wait_readable();
  else if (busy_ && !writing_ && session_->waits())
    set_deadline(look_interval);
}

void connection::on_end_of_input() {
  end_of_input_ = true;
  if (phase_ == phase::draining)
    return do_drain();
  if (busy_)
    session_->end_wait();
  // What came before the end is still answered.
  if (input_.empty())
    last_answer_ = true;
  if (!busy_ && nothing_to_write())
    do_drain();
}

// -- serving ------------------------------------------------------------------

void connection::serve_received() {
  served_ += serve(std::string_view{input_}.substr(served_));
  if (served_ == input_.size()) {
    std::string{}.swap(input_); // most clients never have any again
    served_ = 0;
  } else if (served_ > input_.size() / 2) {
    // Not each time, so that a byte is moved once on average.
    input_.erase(0, std::exchange(served_, 0));
  }
}

bool connection::has_room() const noexcept {
  return input_.size() - served_ < max_input;
}

std::size_t connection::serve(std::string_view input) {
  serving_ = true;
  std::size_t served = 0;
  while (phase_ == phase::open && !busy_ && !last_answer_ && output_.size() < max_output) {
    // RFC 9112, 2.2: empty lines before a request are ignored.
    while (!body_ && reader_.at_start() && served < input.size()
           && (input[served] == '\r' || input[served] == '\n'))
      ++served;
    auto rest = input.substr(served);
    if (rest.empty())
      break;
    auto in_body = body_ != nullptr;
    auto size = in_body ? serve_body(rest) : serve_head(rest);
    served += size;
    if (in_body ? body_ != nullptr : size == 0) {
      // More is needed.
      if (!last_answer_ && !std::exchange(request_started_, true) && !writing_)
        set_deadline(context_.config.header_timeout);
      break;
    }
  }
  serving_ = false;
  return last_answer_ ? input.size() : served;
}

// Serves a request without a body, or begins one with a body. Returns its size
// so far, or 0 when more is needed.
std::size_t connection::serve_head(std::string_view input) {
  auto status = reader_.read(input);
  if (status == head_reader::status::incomplete)
    return 0;
  auto& head = reader_.head();
  version_ = head.version;
  if (status == head_reader::status::error) {
    refuse_broken(reader_.error(), head_reader::target_in(input));
    return input.size();
  }
  auto size = reader_.size();
  keep_alive_ = head.keep_alive;
  is_head_ = head.method == "HEAD";
  auto& how = dialect_of(version_, head.target);
  if (head.has_body && !how.takes_bodies()) {
    refuse_broken({400, "no request of this protocol has a body"}, head.target);
  } else if (head.has_body) {
    body_ = std::make_unique<body_reader>();
    body_->read(input.substr(0, size));
    if (body_->now() == body_reader::status::error)
      refuse_broken(body_->error(), head.target);
    else if (head.expects_continue && input.size() == size)
      answer_continue();
  } else {
    request_started_ = false;
    serve_request({version_, head.method, head.target}, how);
  }
  reader_.reset();
  return size;
}

// Goes on with a request that has a body. Returns how much it took.
std::size_t connection::serve_body(std::string_view input) {
  auto size = body_->read(input);
  if (body_->now() == body_reader::status::incomplete)
    return size;
  auto body = std::exchange(body_, nullptr);
  if (body->now() == body_reader::status::error) {
    refuse_broken(body->error(), body->target());
    return size;
  }
  request_started_ = false;
  serve_request({version_, body->method(), body->target(), body->content_type(), body->body()},
                dialect_of(version_, body->target()));
  return size;
}

void connection::answer_continue() {
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (!std::exchange(flush_planned_, true))
    host_.at_end_of_turn(self_);
}

void connection::serve_request(const http_request& x, const dialect& how) {
  if (surplus_) {
    keep_alive_ = false;
    return refuse(how, {errc::too_many, "too many connections"});
  }
  auto request = how.read(x, context_.config);
  if (auto* wrong = std::get_if<refusal>(&request))
    return refuse(how, *wrong);
  // A client that can no more be watched does not wait.
  if (auto* lock = std::get_if<acquire_operation>(&request); lock != nullptr && end_of_input_)
    lock->request.wait = caf::timespan::zero();
  busy_ = true;
  if (!writing_)
    deadline_ = time_point::max(); // the session has its own for the answer
  session_->submit(std::move(request), how);
}

// Nobody knows where the next request starts.
void connection::refuse_broken(const head_error& x, std::string_view target) {
  keep_alive_ = false;
  is_head_ = false;
  auto code = errc_of_status(x.status).value_or(errc::bad_request);
  refuse(dialect_of(version_, target), {code, x.reason});
}

void connection::refuse(const dialect& how, const refusal& x) {
  if (context_.env.log.should_log(spdlog::level::debug)) {
    error_code ec;
    auto peer = socket_.remote_endpoint(ec);
    context_.env.log.debug("bad request: status={} client={}:{} reason={}", row_of(x.code).status,
                           peer.address().to_string(), peer.port(), quoted{x.reason});
  }
  std::string text;
  answer(how.write(x, text));
}

connection::position connection::answer(const http_content& x) {
  busy_ = false;
  if (!keep_alive_ || version_ == http_version::v0_9 || context_.stopping)
    last_answer_ = true;
  append(output_, {x, version_, !last_answer_, is_head_});
  auto end = sent_ + output_.size() - written_;
  if (!std::exchange(flush_planned_, true))
    host_.at_end_of_turn(self_);
  if (!serving_ && !input_.empty() && !last_answer_)
    serve_received();
  return end;
}

// -- writing ------------------------------------------------------------------

void connection::end_turn() {
  flush_planned_ = false;
  if (phase_ == phase::open && !writing_)
    do_flush();
}

void connection::do_flush() {
  while (written_ < output_.size()) {
    error_code ec;
    auto size = socket_.write_some(asio::buffer(output_) + written_, ec);
    written_ += size;
    sent_ += size;
    if (ec == asio::error::would_block) {
      set_deadline(context_.config.write_timeout);
      return do_wait_writable();
    }
    if (ec)
      return on_broken();
  }
  written_ = 0;
  output_.clear();
  after_flush();
}

void connection::do_wait_writable() {
  writing_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& ec) {
    self->writing_ = false;
    if (self->phase_ != phase::open)
      return;
    io_thread::turn turn{self->host_};
    if (ec)
      self->on_broken();
    else
      self->do_flush();
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
  if (end_of_input_ && !busy_ && nothing_to_write())
    return do_drain();
  do_watch();
}

bool connection::nothing_to_write() const noexcept {
  return output_.empty();
}

} // namespace lockserver
