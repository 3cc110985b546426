#include "lockserver/server.hpp"

#include "actors/compat/hosting.hpp"
#include "actors/compat/messaging.hpp"
#include "actors/journal.hpp"
#include "actors/leases.hpp"
#include "actors/registry.hpp"
#include "net/caf/caf_port.hpp"
#include "net/caf/gateway.hpp"
#include "net/caf/reachable_actors.hpp"
#include "net/dialects/router.hpp"
#include "net/http/listener.hpp"
#include "net/io/io_scheduler.hpp"
#include "net/server/address.hpp"
#include "net/server/recovery.hpp"
#include "net/tls/caf_modules.hpp"
#include "store/sqlite/sqlite_store.hpp"

#include <boost/asio/post.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace lockserver {

namespace {

// Time for clients to take their last answers, within the two seconds that
// `stop` may take.
constexpr auto stop_grace = std::chrono::milliseconds{1500};

class system_config : public caf::actor_system_config {
public:
  system_config() {
    caf_modules::init_types();
    init_server_types();
    compat::register_types<caf::id_block::lockserver>(*this);
  }
};

// All that exists only while a server serves. Members are destroyed from the
// last to the first: the actors end before the threads that host them.
class service {
public:
  /// @param kept null if nothing is.
  service(const settings& config, spdlog::logger& log, store* kept,
          std::function<void()> request_stop);
  ~service();

  boost::system::error_code open(const boost::asio::ip::tcp::endpoint& where);
  // Returns why it cannot, or an empty string.
  std::string start();

  std::uint16_t port() const noexcept {
    return listener_->port();
  }
  std::uint16_t caf_port() const noexcept {
    return caf_port_;
  }
  counts count() const;

private:
  template <class F>
  void for_each_connection(F f);

  store* kept_;
  io_scheduler threads_;
  token_source tokens_;
  lock_environment env_;
  std::vector<lock_counts> counts_;
  server_context context_;
  std::vector<connection_list> connections_;
  std::mutex mutex_;
  std::condition_variable last_connection_closed_;
  std::shared_ptr<listener> listener_;
  system_config system_config_;
  std::unique_ptr<caf::actor_system> system_;
  gateway_actor gateway_;
  std::uint16_t caf_port_ = 0;
};

service::service(const settings& config, spdlog::logger& log, store* kept,
                 std::function<void()> request_stop)
  : kept_(kept),
    threads_(config.threads),
    env_{threads_,
         tokens_,
         log,
         config.key_idle_timeout,
         {config.max_waiters_per_key, config.max_holders_per_key},
         config.max_keys,
         {config.max_leases, config.max_locks_per_lease},
         {},
         {},
         &threads_},
    counts_(key_partitions),
    context_{config,
             env_,
             std::make_shared<registries>(),
             {},
             std::chrono::steady_clock::now(),
             std::move(request_stop),
             [this] {
               std::lock_guard guard{mutex_};
               last_connection_closed_.notify_all();
             },
             [this] { return count(); },
             dialect_of},
    connections_(config.threads),
    listener_(std::make_shared<listener>(threads_, context_, connections_)) {
  context_.reachable = std::make_shared<reachable_actors>();
  env_.max_waits = max_waits(config);
}

boost::system::error_code service::open(const boost::asio::ip::tcp::endpoint& where) {
  return listener_->open(where);
}

std::string service::start() {
  if (context_.config.caf_port)
    caf_modules::load(system_config_);
  system_ = compat::make_system(system_config_, threads_);
  if (kept_ != nullptr)
    env_.journal = caf::actor_cast<journal_actor>(
      system_->spawn<journal, caf::detached>(*kept_, context_.keys, env_));
  context_.leases = caf::actor_cast<leases_actor>(system_->spawn<leases>(context_.keys, env_));
  context_.keys->leases = context_.leases;
  for (auto& x : counts_)
    context_.keys->all.push_back(
      caf::actor_cast<registry_actor>(system_->spawn<registry>(context_.leases, env_, x)));
  if (kept_ != nullptr) {
    tokens_.stay_above(kept_->last_token());
    // Who comes meanwhile, a load balancer for one, is told so.
    context_.recovering = true;
    listener_->start(*system_);
    if (auto problem = recover(*kept_, *system_, *context_.keys, context_.leases, env_.log);
        !problem.empty())
      return problem;
    context_.recovering = false;
  }
  if (context_.config.caf_port) {
    gateway_ = caf::actor_cast<gateway_actor>(system_->spawn<gateway>(context_));
    if (auto wrong = caf_port::publish(*system_, gateway_, context_.config, context_.reachable,
                                       env_.log, caf_port_);
        !wrong.empty())
      return wrong;
  }
  if (kept_ == nullptr)
    listener_->start(*system_);
  return {};
}

// Calls `f` with every connection, on the connection's thread.
template <class F>
void service::for_each_connection(F f) {
  for (std::size_t i = 0; i < threads_.size(); ++i)
    boost::asio::post(threads_.thread(i).context(), [this, i, f] {
      io_thread::turn turn{threads_.thread(i)};
      for (auto next = connections_[i].begin(); next != connections_[i].end();) {
        auto x = (next++)->shared_from_this(); // `f` may take it off the list
        f(*x);
      }
    });
}

service::~service() {
  if (system_ == nullptr)
    return;
  context_.stopping = true;
  // Waits for it: what was accepted before has to be in the count below.
  std::promise<void> closed;
  boost::asio::post(threads_.thread(0).context(), [&] {
    listener_->close();
    closed.set_value();
  });
  closed.get_future().wait();
  for_each_connection([](connection& x) { x.finish(); });
  {
    std::unique_lock guard{mutex_};
    auto none_left = [this] { return context_.connections == 0; };
    if (!last_connection_closed_.wait_for(guard, stop_grace, none_left)) {
      guard.unlock();
      for_each_connection([](connection& x) { x.abort(); });
      guard.lock();
      last_connection_closed_.wait(guard, none_left);
    }
  }
  if (gateway_)
    compat::anon_send(gateway_, shut_down{});
  gateway_ = nullptr;
  {
    // They tell the registries what they take back.
    std::unique_lock guard{mutex_};
    last_connection_closed_.wait(guard, [this] {
      return !context_.has_gateway && context_.remote_sessions == 0;
    });
  }
  for (auto& x : context_.keys->all)
    compat::anon_send(x, shut_down{});
  compat::anon_send(context_.leases, shut_down{});
  context_.keys = nullptr;
  context_.leases = nullptr;
  if (env_.journal) {
    // Last, behind what they still have to tell it.
    for (auto n = env_.keys.load(); n != 0; n = env_.keys.load())
      env_.keys.wait(n);
    compat::anon_send(env_.journal, shut_down{});
    env_.journal = nullptr;
  }
  system_.reset(); // waits for all actors to end
}

counts service::count() const {
  counts result;
  result.connections = context_.connections + context_.remote_sessions;
  result.keys = env_.keys;
  result.leases = env_.leases;
  result.commits = env_.stored.commits();
  result.decisions = env_.stored.decisions();
  for (auto& x : counts_) {
    result.holders += x.holders;
    result.waiters += x.waiters;
  }
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
  }

  std::error_code start();
  void request_stop();
  void wait_until_stopped();
  void keep();
  std::error_code fail(std::error_code ec, const std::string& sentence);
  std::error_code open_store();
  std::error_code open_port();
  void set_phase(phase x);

  const settings config;
  std::shared_ptr<spdlog::logger> log;

  std::mutex mutex;
  std::condition_variable changed;
  phase now = phase::stopped;
  bool stop_requested = false;
  std::error_code start_error;
  std::string problem;                // why it could not start
  std::unique_ptr<sqlite_store> kept; // while, and if, something is
  std::unique_ptr<service> running;   // while starting, serving, stopping
  std::thread keeper;
  std::atomic<std::uint16_t> port{0};
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
  start_error = {};
  problem.clear();
  keeper = std::thread{[this] { keep(); }};
  changed.wait(guard, [this] { return now != phase::starting; });
  return start_error;
}

void server::impl::keep() {
  auto ec = open_store();
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
    changed.wait(guard, [this] { return stop_requested; });
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
    auto next = std::make_unique<service>(config, *log, kept.get(), [this] { request_stop(); });
    ec = next->open(where);
    if (!ec) {
      if (auto wrong = next->start(); !wrong.empty())
        return fail(std::make_error_code(std::errc::io_error), wrong);
      port = next->port();
      caf_port = next->caf_port();
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

bool server::ping() const {
  return port() != 0 && client("ping").ping().has_value();
}

rest_client server::client(std::string name, client_options options) const {
  options.longest_wait = std::max(options.longest_wait, impl_->config.lock_attempt_timeout);
  auto known = port();
  return rest_client{std::move(name), reachable_host(impl_->config.host),
                     known != 0 ? known : impl_->config.port, options};
}

std::uint16_t server::port() const noexcept {
  return impl_->port;
}

std::uint16_t server::caf_port() const noexcept {
  return impl_->caf_port;
}

counts server::count() const {
  std::lock_guard guard{impl_->mutex};
  return impl_->running ? impl_->running->count() : counts{};
}

} // namespace lockserver
