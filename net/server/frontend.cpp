#include "net/server/frontend.hpp"

#include "actors/compat/hosting.hpp"
#include "actors/compat/messaging.hpp"
#include "net/caf/caf_port.hpp"
#include "net/caf/reachable_actors.hpp"
#include "net/dialects/router.hpp"
#include "net/http/plain_transport.hpp"
#include "net/http/tls_transport.hpp"
#include "net/tls/caf_modules.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <future>
#include <utility>

namespace lockserver {

namespace {

// Time for clients to take their last answers, within the two seconds that
// `server::stop` may take.
constexpr auto stop_grace = std::chrono::milliseconds{1500};

transport_maker maker_of(const https_context* https) {
  if (https == nullptr)
    return [](auto socket) { return std::make_unique<plain_transport>(std::move(socket)); };
  return
    [https](auto socket) { return std::make_unique<tls_transport>(std::move(socket), *https); };
}

} // namespace

class frontend::system_config : public caf::actor_system_config {
public:
  system_config() {
    caf_modules::init_types();
    init_server_types();
    compat::register_types<caf::id_block::lockserver>(*this);
  }
};

frontend::frontend(const settings& config, io_scheduler& threads, spdlog::logger& log,
                   const engine& locks, const https_context* https, access_parts& access,
                   std::function<void()> request_stop, std::function<counts()> count)
  : threads_(threads),
    locks_(locks),
    context_{config,
             threads,
             log,
             access.control,
             access.audit,
             access.addresses,
             {},
             locks.environment(),
             std::chrono::steady_clock::now(),
             std::move(request_stop),
             [this] {
               std::lock_guard guard{mutex_};
               last_connection_closed_.notify_all();
             },
             std::move(count),
             dialect_of},
    connections_(threads.size()),
    listener_(std::make_shared<listener>(threads, context_, connections_, maker_of(https))),
    system_config_(std::make_unique<system_config>()) {
  context_.reachable = std::make_shared<reachable_actors>();
}

frontend::~frontend() {
  close();
  system_.reset();
}

boost::system::error_code frontend::open(const boost::asio::ip::tcp::endpoint& where) {
  if (auto ec = listener_->open(where))
    return ec;
  if (context_.config.caf_port)
    caf_modules::load(*system_config_);
  system_ = compat::make_system(*system_config_, threads_);
  return {};
}

boost::system::error_code frontend::open_plain(const boost::asio::ip::tcp::endpoint& where) {
  plain_listener_ = std::make_shared<listener>(threads_, context_, connections_, maker_of(nullptr));
  return plain_listener_->open(where);
}

void frontend::serve(bool recovering) {
  context_.keys = locks_.actors();
  context_.recovering = recovering;
  listener_->start(*system_);
  if (plain_listener_)
    plain_listener_->start(*system_);
}

std::string frontend::open_caf_port() {
  gateway_ = caf::actor_cast<gateway_actor>(system_->spawn<gateway>(context_));
  return caf_port::publish(*system_, gateway_, context_.config, context_.reachable, context_.log,
                           caf_port_);
}

void frontend::access_changed() {
  for_each_connection([](connection& x) { x.access_changed(); });
}

// -- closing ------------------------------------------------------------------

void frontend::close() {
  if (system_ == nullptr || context_.stopping)
    return;
  context_.stopping = true;
  close_ports();
  close_connections();
  end_remote_sessions();
  drain();
  context_.keys = nullptr;
}

// Waits until each thread has done what it was told about connections.
void frontend::drain() {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    std::promise<void> done;
    boost::asio::post(threads_.thread(i).context(), [&done] { done.set_value(); });
    done.get_future().wait();
  }
}

// Waits for it: what was accepted before is among the connections then.
void frontend::close_ports() {
  std::promise<void> closed;
  boost::asio::post(threads_.thread(0).context(), [&] {
    listener_->close();
    if (plain_listener_)
      plain_listener_->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void frontend::close_connections() {
  for_each_connection([](connection& x) { x.finish(); });
  std::unique_lock guard{mutex_};
  auto none_left = [this] { return context_.connections == 0; };
  if (last_connection_closed_.wait_for(guard, stop_grace, none_left))
    return;
  guard.unlock();
  for_each_connection([](connection& x) { x.abort(); });
  guard.lock();
  last_connection_closed_.wait(guard, none_left);
}

// They tell the registries what they take back.
void frontend::end_remote_sessions() {
  if (gateway_)
    compat::anon_send(gateway_, shut_down{});
  gateway_ = nullptr;
  std::unique_lock guard{mutex_};
  last_connection_closed_.wait(guard, [this] {
    return !context_.has_gateway && context_.remote_sessions == 0;
  });
}

// Calls `f` with every connection, on the connection's thread.
template <class F>
void frontend::for_each_connection(F f) {
  for (std::size_t i = 0; i < threads_.size(); ++i)
    boost::asio::post(threads_.thread(i).context(), [this, i, f] {
      io_thread::turn turn{threads_.thread(i)};
      for (auto next = connections_[i].all.begin(); next != connections_[i].all.end();) {
        auto x = (next++)->shared_from_this(); // `f` may take it off the list
        f(*x);
      }
    });
}

} // namespace lockserver
