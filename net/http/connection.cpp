#include "net/http/connection.hpp"

#include "actors/quoted.hpp"
#include "net/http/http_answer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

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

// Requests of one client that are served before others have their turn: half a
// millisecond. A client that pipelines does so to save round trips, not to be first.
constexpr std::size_t requests_per_turn = 32;

// So many bytes of answers count for a request more: to write them takes as long.
constexpr std::size_t bytes_per_request = 2048;

// How much is read, and thrown away, after the last answer.
constexpr std::size_t max_drained = 1024 * 1024;

} // namespace

connection::connection(std::unique_ptr<transport> wire, const asio::ip::address& peer,
                       io_thread& host, server_context& context, bool surplus)
  : host_(host),
    context_(context),
    wire_(std::move(wire)),
    peer_(peer),
    is_private_(wire_->is_encrypted() || is_this_machine(peer)),
    surplus_(surplus || !context.addresses.add(client_network{peer}, place_)) {
  ++context_.connections;
}

connection::~connection() {
  count_off();
}

void connection::start(caf::actor_system& sys) {
  guard([&] {
    self_ = shared_from_this();
    session_handle_ = caf::actor_cast<caf::strong_actor_ptr>(
      compat::spawn_ready<session>(sys, host_, context_, *this, surplus_));
    session_ = static_cast<session*>(caf::actor_cast<caf::abstract_actor*>(session_handle_));
    set_deadline(context_.config.header_timeout);
    do_wait_readable();
  });
}

void connection::finish() {
  if (phase_ != phase::open)
    return;
  guard([this] {
    if (busy_)
      session_->refuse_wait();
    last_answer_ = true;
    if (!busy_ && nothing_to_write())
      close();
  });
}

void connection::access_changed() {
  if (phase_ == phase::open && busy_)
    guard([this] { session_->access_changed(wire_->is_trusted()); });
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
  socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->reading_ = false;
    if (self->phase_ != phase::closed)
      self->guard([&] { self->on_readable(ec); });
  });
}

void connection::on_readable(const error_code& ec) {
  if (phase_ == phase::draining)
    return on_drained(ec);
  if (!share_planned_)
    share_ = 0;
  auto was_open = wire_->is_open();
  error_code failed = ec;
  std::string_view data;
  if (!failed)
    data = wire_->read(host_, failed);
  if (!was_open && wire_->is_open())
    on_opened();
  if (wire_->unsent() > 0)
    plan_flush();
  if (!data.empty())
    on_input(data);
  if (phase_ != phase::open)
    return;
  if (failed == asio::error::eof)
    on_end_of_input();
  else if (failed && failed != asio::error::would_block)
    on_failed_read(failed);
  else
    do_watch();
}

// What comes after the last answer is thrown away as it is, whatever it would mean.
void connection::on_drained(error_code ec) {
  if (!ec)
    drained_ += socket().read_some(asio::buffer(host_.read_buffer()), ec);
  if (ec == asio::error::eof)
    return on_end_of_input();
  if (ec && ec != asio::error::would_block) {
    failure_ = ec;
    return on_broken();
  }
  return drained_ > max_drained ? close() : do_wait_readable();
}

// From now on the client has as long for its first request as one without a handshake.
void connection::on_opened() {
  handshake_hook::unlink();
  if (auto names = wire_->peer(); !names.subject.empty())
    session_->certificate(std::move(names));
  set_deadline(context_.config.header_timeout);
}

// The socket has failed; or what came is not what the transport is for.
void connection::on_failed_read(const error_code& ec) {
  if (wire_->unsent() > 0 && context_.log.should_log(spdlog::level::debug)) {
    error_code ignored;
    auto peer = socket().remote_endpoint(ignored);
    context_.log.debug("connection refused: client={}:{} reason={}", peer.address().to_string(),
                       peer.port(), quoted{wire_->problem()});
  }
  if (wire_->unsent() > 0 && !wire_->is_open()) {
    last_answer_ = true; // is what the transport says to it
    return;
  }
  failure_ = ec;
  error_code ignored;
  if (wire_->unsent() > 0)
    wire_->write({}, false, ignored);
  on_broken();
}

void connection::on_input(std::string_view data) {
  session_->client_continued();
  if (input_.empty()) {
    auto served = serve(data);
    if (phase_ == phase::open)
      input_.assign(data.substr(served));
  } else {
    input_ += data;
    serve_received();
  }
}

// Reads on if there is room; else that starts again after the next answers.
void connection::do_watch() {
  if (phase_ != phase::open || end_of_input_)
    return;
  if (has_room() && wire_->unsent() < max_output)
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
  if (nothing_to_do())
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
  while (may_serve() && share_ < requests_per_turn) {
    // RFC 9112, 2.2: empty lines before a request are ignored.
    while (!body_ && reader_.at_start() && served < input.size()
           && (input[served] == '\r' || input[served] == '\n'))
      ++served;
    auto rest = input.substr(served);
    if (rest.empty()) {
      if (body_)
        begin_clock();
      break;
    }
    auto in_body = body_ != nullptr;
    auto size = in_body ? serve_body(rest) : serve_head(rest);
    served += size;
    if (in_body ? body_ != nullptr : size == 0) {
      // More is needed.
      begin_clock();
      break;
    }
  }
  serving_ = false;
  if (share_ >= requests_per_turn && served < input.size() && may_serve())
    plan_share();
  return last_answer_ ? input.size() : served;
}

// From here on the rest of the request has `header_timeout`.
void connection::begin_clock() {
  if (!last_answer_ && !std::exchange(request_started_, true) && !writing_)
    set_deadline(context_.config.header_timeout);
}

bool connection::may_serve() const noexcept {
  return phase_ == phase::open && !busy_ && !last_answer_ && output_.size() < max_output;
}

// Behind the sockets that are ready by now.
void connection::plan_share() {
  if (std::exchange(share_planned_, true))
    return;
  asio::post(socket().get_executor(), [self = shared_from_this()] {
    self->share_planned_ = false;
    self->share_ = 0;
    if (self->phase_ != phase::open)
      return;
    self->guard([&] {
      if (!self->input_.empty())
        self->serve_received();
      if (self->end_of_input_ && self->nothing_to_do())
        return self->do_drain();
      self->do_watch();
    });
  });
}

// Serves a request without a body, or begins one with a body. Returns its size
// so far, or 0 when more is needed.
std::size_t connection::serve_head(std::string_view input) {
  auto status = reader_.read(input);
  if (status == head_reader::status::incomplete)
    return 0;
  auto& head = reader_.head();
  version_ = head.version;
  is_head_ = input.starts_with("HEAD ");
  if (status == head_reader::status::error) {
    refuse_broken(reader_.error(), head_reader::target_in(input));
    return input.size();
  }
  auto size = reader_.size();
  keep_alive_ = head.keep_alive;
  auto& how = context_.dialect_of(version_, head.target);
  http_request request{version_, head.method, head.target, head.content_type};
  if (auto wrong = refuse_client(head)) {
    audit(*wrong);
    refuse_and_close(how, std::move(*wrong));
  } else if (head.has_body) {
    begin_body(request, how, input.size() == size);
  } else {
    request_started_ = false;
    serve_request(request, head.credentials, how);
  }
  reader_.reset();
  return size;
}

// Whoever it is that asks. A browser would send what any web page tells it to, and it can
// reach what the page's author cannot.
std::optional<refusal> connection::refuse_client(const request_head& head) const {
  if (!wire_->is_trusted())
    return refusal{errc::unauthenticated, std::string{certificate_not_trusted}};
  if (head.from_other_site)
    return refusal{errc::cross_site, "web pages of other sites may not ask"};
  if (!context_.hosts.allows(head.host))
    return refusal{errc::host_not_allowed,
                   "the server does not serve this host; --allowed-hosts tells it which to serve"};
  return std::nullopt;
}

// Prepares for the body of the request whose head is there.
void connection::begin_body(const http_request& x, const dialect& how, bool client_waits) {
  auto& head = reader_.head();
  auto asks_first = head.expects_continue && client_waits;
  if (auto wrong = how.refuse_before_body(x, asks_first))
    return refuse_and_close(how, std::move(*wrong));
  auto body = std::make_unique<body_reader>(head);
  if (body->now() == body_reader::status::error)
    return refuse_broken(body->error(), head.target);
  body_ = std::move(body);
  if (asks_first)
    answer_continue();
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
                body->credentials(), context_.dialect_of(version_, body->target()));
  return size;
}

void connection::answer_continue() {
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  plan_flush();
}

void connection::plan_flush() {
  if (!std::exchange(flush_planned_, true))
    host_.at_end_of_turn(self_);
}

void connection::serve_request(const http_request& x, const authorization_field& credentials,
                               const dialect& how) {
  ++share_;
  auto read = how.read(x, context_.config);
  // It is served once, for it may give a lock back.
  if (surplus_)
    keep_alive_ = false;
  if (auto* wrong = std::get_if<refusal>(&read))
    return refuse(how, std::move(*wrong));
  if (auto* known = std::get_if<http_content>(&read)) {
    answer(*known);
    return;
  }
  auto& wanted = std::get<session_request>(read);
  // A client that can no more be watched does not wait.
  if (auto* lock = std::get_if<lock_wish>(&wanted); lock != nullptr && end_of_input_)
    lock->request.wait = duration::zero();
  busy_ = true;
  if (!writing_)
    deadline_ = time_point::max(); // the session has its own for the answer
  session_->submit(std::move(wanted), how, {client_network{peer_}, credentials, is_private_});
}

std::string connection::address() const {
  return to_text(peer_);
}

void connection::audit(const refusal& x) const {
  if (!context_.audit.takes(audit_event::refused))
    return;
  auto from = address();
  audit_entry entry{context_.time.wall_now(), audit_event::refused};
  entry.address = from;
  entry.outcome = row_of(x.code).name;
  entry.reason = x.reason;
  context_.audit.write(entry);
}

// Nobody knows where the next request starts.
void connection::refuse_broken(const head_error& x, std::string_view target) {
  auto code = errc_of_status(x.status).value_or(errc::bad_request);
  refuse_and_close(context_.dialect_of(version_, target), {code, x.reason});
}

void connection::refuse_and_close(const dialect& how, refusal&& x) {
  keep_alive_ = false;
  refuse(how, std::move(x));
}

void connection::refuse(const dialect& how, refusal&& x) {
  if (context_.log.should_log(spdlog::level::debug)) {
    error_code ec;
    auto peer = socket().remote_endpoint(ec);
    context_.log.debug("bad request: status={} client={}:{} reason={}", row_of(x.code).status,
                       peer.address().to_string(), peer.port(), quoted{x.reason});
  }
  std::string text;
  answer(how.write(std::move(x), {}, text));
}

connection::position connection::answer(const http_content& x) {
  busy_ = false;
  if (!keep_alive_ || version_ == http_version::v0_9 || context_.stopping)
    last_answer_ = true;
  auto before = output_.size();
  append(output_, {x, version_, !last_answer_, is_head_});
  share_ += (output_.size() - before) / bytes_per_request;
  auto end = sent_ + output_.size() - written_;
  plan_flush();
  if (!serving_ && !input_.empty() && !last_answer_)
    serve_received();
  return end;
}

} // namespace lockserver
