#include "lockserver/server.hpp"

#include "actors/engine.hpp"
#include "net/io/io_scheduler.hpp"
#include "net/server/access_parts.hpp"
#include "net/server/address.hpp"
#include "net/server/frontend.hpp"
#include "net/server/grant_audit.hpp"
#include "net/server/reloader.hpp"
#include "net/tls/https_files.hpp"
#include "store/sqlite/sqlite_store.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace lockserver {

namespace {

// All that exists only while a server serves. Members are destroyed from the
// last to the first: the frontend ends, and waits for all actors, before what they use.
class service {
public:
  /// @param kept null if nothing is.
  /// @param https null: without TLS.
  service(const settings& config, spdlog::logger& log, store* kept, const https_context* https,
          access_parts& access, std::function<void()> request_stop)
    : grants_(access.audit),
      threads_(config.threads),
      locks_(config, threads_, &threads_, log, kept, grants_.listener()),
      clients_(config, threads_, log, locks_, https, access, std::move(request_stop),
               [this] { return count(); }),
      has_store_(kept != nullptr),
      has_caf_port_(config.caf_port) {
  }
  ~service() {
    clients_.close();
    if (started_)
      locks_.end();
  }

  boost::system::error_code open(const boost::asio::ip::tcp::endpoint& where) {
    return clients_.open(where);
  }

  boost::system::error_code open_plain(const boost::asio::ip::tcp::endpoint& where) {
    return clients_.open_plain(where);
  }
  // Returns why it cannot, or an empty string.
  std::string start();

  const frontend& clients() const noexcept {
    return clients_;
  }
  void access_changed() {
    clients_.access_changed();
  }
  counts count() const;

private:
  grant_audit grants_;
  io_scheduler threads_;
  engine locks_;
  frontend clients_;
  bool has_store_;
  bool has_caf_port_;
  bool started_ = false;
};

std::string service::start() {
  locks_.start(clients_.system());
  started_ = true;
  if (has_store_) {
    // Who comes meanwhile, a load balancer for one, is told so.
    clients_.serve(true);
    if (auto problem = locks_.recover(clients_.system()); !problem.empty())
      return problem;
    clients_.recovered();
  }
  if (has_caf_port_)
    if (auto problem = clients_.open_caf_port(); !problem.empty())
      return problem;
  if (!has_store_)
    clients_.serve(false);
  return {};
}

counts service::count() const {
  auto& shared = locks_.environment();
  counts result;
  result.connections = clients_.connections();
  result.keys = shared.keys;
  result.holders = locks_.holders();
  result.waiters = locks_.waiters();
  result.leases = shared.leases;
  result.commits = shared.stored.commits();
  result.decisions = shared.stored.decisions();
  return result;
}

} // namespace

// A thread of its own keeps the service: it opens the port, waits until the
// server is to stop, and takes the service down. So whoever wants it to stop,
// a client's request on an I/O thread included, only has to say so.
struct server::impl {
  enum class phase : std::uint8_t { stopped, starting, serving, stopping };

  impl(settings config_, std::shared_ptr<spdlog::logger> log_)
    : config(std::move(config_)), log(std::move(log_)) {
    if (auto wrong = validate(config); !wrong.empty())
      throw std::invalid_argument{wrong};
    if (log == nullptr)
      log = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>());
    files = std::make_unique<reloader>(*log);
  }

  std::error_code start();
  void request_stop();
  void wait_until_stopped();
  void keep();
  std::error_code fail(std::error_code ec, const std::string& sentence);
  std::error_code open_store();
  std::error_code read_tls_files();
  std::error_code read_access_file();
  std::error_code open_port();
  std::error_code open_plain_port(service& x);
  void serve_until_stopped(std::unique_lock<std::mutex>& guard);
  void audit(const reloader::result& x);
  reloader::commit with_waiters(reloader::commit x);

  const settings config;
  std::shared_ptr<spdlog::logger> log;

  std::mutex mutex;
  std::condition_variable changed;
  phase now = phase::stopped;
  bool stop_requested = false;
  bool reload_requested = false;
  std::error_code start_error;
  std::string problem;                  // why it could not start
  std::unique_ptr<sqlite_store> kept;   // while, and if, something is
  std::unique_ptr<reloader> files;      // what may change while it serves
  std::unique_ptr<https_context> https; // null: without TLS
  std::unique_ptr<access_parts> access; // not null while it serves
  std::unique_ptr<service> running;     // while starting, serving, stopping
  std::thread keeper;
  std::atomic<std::uint16_t> port{0};
  std::atomic<std::uint16_t> plain_port{0};
  std::atomic<std::uint16_t> caf_port{0};
};

std::error_code server::impl::start() {
  std::unique_lock guard{mutex};
  changed.wait(guard, [this] { return now == phase::stopped || now == phase::serving; });
  if (now == phase::serving)
    return {};
  if (keeper.joinable())
    keeper.join(); // it has set `stopped` and does nothing any more
  now = phase::starting;
  stop_requested = false;
  reload_requested = false;
  start_error = {};
  problem.clear();
  keeper = std::thread{[this] { keep(); }};
  changed.wait(guard, [this] { return now != phase::starting; });
  return start_error;
}

void server::impl::keep() {
  auto ec = read_tls_files();
  if (!ec)
    ec = read_access_file();
  if (!ec)
    ec = open_store();
  if (!ec)
    ec = open_port();
  if (ec) {
    kept.reset();
    std::lock_guard guard{mutex};
    start_error = ec;
    now = phase::stopped;
    changed.notify_all();
    return;
  }
  {
    std::unique_lock guard{mutex};
    now = phase::serving;
    changed.notify_all();
    serve_until_stopped(guard);
    now = phase::stopping;
  }
  log->info("stopping");
  auto last = [this] {
    std::lock_guard guard{mutex};
    return std::move(running);
  }();
  last.reset();
  kept.reset();
  log->info("stopped");
  std::lock_guard guard{mutex};
  now = phase::stopped;
  changed.notify_all();
}

// Meanwhile looks at the files: as often as it should, and when it is asked to.
void server::impl::serve_until_stopped(std::unique_lock<std::mutex>& guard) {
  auto has_to_act = [this] { return stop_requested || reload_requested; };
  auto looks_by_itself = !files->empty() && config.tls_reload > settings::duration::zero();
  for (;;) {
    if (looks_by_itself)
      changed.wait_for(guard, config.tls_reload, has_to_act);
    else
      changed.wait(guard, has_to_act);
    if (stop_requested)
      return;
    auto asked = std::exchange(reload_requested, false);
    guard.unlock();
    audit(files->look(asked));
    guard.lock();
  }
}

void server::impl::audit(const reloader::result& x) {
  if (x.sentence.empty())
    return;
  audit_entry entry{std::chrono::system_clock::now(), audit_event::reload};
  entry.outcome = row_of(x.is_failure ? errc::internal : errc::ok).name;
  entry.reason = x.sentence;
  access->audit.write(entry);
}

std::error_code server::impl::read_tls_files() {
  files->clear();
  https = nullptr;
  if (config.tls_certificate.empty())
    return {};
  try {
    https = std::make_unique<https_context>(config);
  } catch (const std::invalid_argument& x) {
    return fail(std::make_error_code(std::errc::io_error), x.what());
  }
  if (https->has_expired())
    log->warn("the certificate '{}' has expired: clients that check it are not served",
              config.tls_certificate);
  files->add("the TLS files", [this] { return with_waiters(https->prepare()); });
  return {};
}

std::error_code server::impl::read_access_file() {
  try {
    access = std::make_unique<access_parts>(config, *log);
  } catch (const std::exception& x) {
    return fail(std::make_error_code(std::errc::io_error), x.what());
  }
  if (auto* file = access->audit.file())
    files->add("the audit log", [file] { return file->prepare_reopen(); });
  if (config.access.empty())
    return {};
  files->add("the access file", [this] { return with_waiters(access->control.prepare()); });
  return {};
}

// What then also has the waiting clients checked once more.
reloader::commit server::impl::with_waiters(reloader::commit x) {
  if (!x)
    return {};
  return [this, x = std::move(x)] {
    x();
    running->access_changed();
  };
}

std::error_code server::impl::open_store() {
  if (config.data_dir.empty())
    return {};
  try {
    kept = std::make_unique<sqlite_store>(config.data_dir, config.sync);
    return {};
  } catch (const store_error& x) {
    return fail(std::make_error_code(std::errc::io_error), x.what());
  }
}

std::error_code server::impl::fail(std::error_code ec, const std::string& sentence) {
  log->error("{}", sentence);
  std::lock_guard guard{mutex};
  problem = sentence;
  return ec;
}

std::error_code server::impl::open_port() {
  boost::system::error_code ec;
  auto where = resolve_endpoint(config.host, config.port, ec);
  if (ec) {
    return fail(ec, "cannot listen on " + config.host + ": " + ec.message());
  }
  for (unsigned attempt = 1;; ++attempt) {
    auto next = std::make_unique<service>(config, *log, kept.get(), https.get(), *access,
                                          [this] { request_stop(); });
    ec = next->open(where);
    if (!ec) {
      if (auto failed = open_plain_port(*next))
        return failed;
      if (auto wrong = next->start(); !wrong.empty())
        return fail(std::make_error_code(std::errc::io_error), wrong);
      port = next->clients().port();
      plain_port = next->clients().plain_port();
      caf_port = next->clients().caf_port();
      std::lock_guard guard{mutex};
      running = std::move(next);
      return {};
    }
    if (ec != boost::asio::error::address_in_use || attempt >= config.reconnect_attempts) {
      return fail(ec, "cannot listen on " + config.host + ":" + std::to_string(config.port) + ": "
                        + ec.message());
    }
    auto pause = attempt * config.time_between_attempts;
    log->warn("port {} is busy, attempt {} of {}; next in {:.1f}s", config.port, attempt,
              config.reconnect_attempts, std::chrono::duration<double>{pause}.count());
    std::unique_lock guard{mutex};
    if (changed.wait_for(guard, pause, [this] { return stop_requested; }))
      return std::make_error_code(std::errc::operation_canceled);
  }
}

std::error_code server::impl::open_plain_port(service& x) {
  if (!config.plain_port)
    return {};
  boost::system::error_code ec;
  auto where = resolve_endpoint(config.plain_host, *config.plain_port, ec);
  if (!ec)
    ec = x.open_plain(where);
  if (ec)
    return fail(ec, "cannot listen without TLS on " + config.plain_host + ":"
                      + std::to_string(*config.plain_port) + ": " + ec.message());
  if (!where.address().is_loopback())
    log->warn("port {} on {} is without TLS, and other machines can reach it",
              x.clients().plain_port(), config.plain_host);
  return {};
}

void server::impl::request_stop() {
  std::lock_guard guard{mutex};
  stop_requested = true;
  changed.notify_all();
}

void server::impl::wait_until_stopped() {
  std::unique_lock guard{mutex};
  changed.wait(guard, [this] { return now == phase::stopped; });
}

server::server(settings config, std::shared_ptr<spdlog::logger> log)
  : impl_(std::make_unique<impl>(std::move(config), std::move(log))) {
}

server::~server() {
  stop();
  if (impl_->keeper.joinable())
    impl_->keeper.join();
}

std::error_code server::start() {
  return impl_->start();
}

std::string server::start_problem() const {
  std::lock_guard guard{impl_->mutex};
  return impl_->problem;
}

std::error_code server::run() {
  auto ec = start();
  if (!ec)
    wait();
  return ec;
}

void server::wait() {
  impl_->wait_until_stopped();
}

void server::stop() {
  impl_->request_stop();
  impl_->wait_until_stopped();
}

void server::reload() {
  std::lock_guard guard{impl_->mutex};
  impl_->reload_requested = true;
  impl_->changed.notify_all();
}

bool server::ping() const {
  return port() != 0 && client("ping").ping().has_value();
}

rest_client server::client(std::string name, client_options options) const {
  auto& config = impl_->config;
  options.longest_wait = std::max(options.longest_wait, config.lock_attempt_timeout);
  if (auto plain = plain_port(); plain != 0 && !options.tls)
    return rest_client{std::move(name), reachable_host(config.plain_host), plain, options};
  if (!config.tls_certificate.empty() && !options.tls)
    options.tls.emplace();
  auto known = port();
  return rest_client{std::move(name), reachable_host(config.host), known != 0 ? known : config.port,
                     options};
}

std::uint16_t server::port() const noexcept {
  return impl_->port;
}

std::uint16_t server::plain_port() const noexcept {
  return impl_->plain_port;
}

std::uint16_t server::caf_port() const noexcept {
  return impl_->caf_port;
}

counts server::count() const {
  std::lock_guard guard{impl_->mutex};
  auto result = impl_->running ? impl_->running->count() : counts{};
  result.reload_failures = impl_->files->failures();
  return result;
}

} // namespace lockserver
