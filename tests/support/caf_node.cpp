#include "tests/support/caf_node.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>

namespace test {

using namespace lockserver;

caf::behavior user_actor::make_behavior() {
  return {
    [this](deadline_reached) { // a task was added
      std::deque<std::function<void(caf::event_based_actor*)>> jobs;
      {
        std::lock_guard guard{with_->mutex};
        jobs.swap(with_->jobs);
      }
      for (auto& job : jobs)
        job(this);
    },
    [this](const lock_lost& x) {
      std::lock_guard guard{with_->mutex};
      with_->lost.push_back({x, clock::now()});
      with_->changed.notify_all();
    },
  };
}

caf_user::caf_user(caf::actor_system& sys, client_actor locks)
  : actor_(sys.spawn<user_actor>(with_)), locks_(std::move(locks)) {
}

void caf_user::post(std::function<void(caf::event_based_actor*)> job) {
  {
    std::lock_guard guard{with_->mutex};
    with_->jobs.push_back(std::move(job));
  }
  compat::anon_send(actor_, deadline_reached{});
}

user_actor::loss caf_user::loss_of(const std::string& key, std::chrono::milliseconds limit) {
  std::unique_lock guard{with_->mutex};
  auto of_key = [&](auto& x) { return x.what.key == key; };
  auto found = with_->lost.end();
  with_->changed.wait_for(guard, limit, [&] {
    found = std::find_if(with_->lost.begin(), with_->lost.end(), of_key);
    return found != with_->lost.end();
  });
  if (found == with_->lost.end())
    throw std::runtime_error{"the lock " + key + " was not reported as lost"};
  return *found;
}

std::size_t caf_user::losses() const {
  std::lock_guard guard{with_->mutex};
  return with_->lost.size();
}

void caf_user::end() {
  if (actor_)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  actor_ = nullptr;
}

caf_node::config::config() {
  load_client(*this);
}

caf_node::caf_node(std::uint16_t port, client_actor_options options)
  : system(std::make_unique<caf::actor_system>(config_)),
    locks(spawn_client(*system, "127.0.0.1", port, std::move(options))) {
}

caf_node::~caf_node() {
  compat::anon_send(locks, shut_down{});
  locks = nullptr;
}

std::uint16_t free_port() {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor{context, {boost::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

} // namespace test
