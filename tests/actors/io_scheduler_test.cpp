#include "tests/support/catch.hpp"
#include "tests/support/countdown.hpp"
#include "tests/support/io_system.hpp"
#include "tests/support/test_system.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// Answers each number with the next.
class adder final : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](std::uint64_t n) { return n + 1; }};
  }
};

// Never answers, and keeps what it owes: CAF 1 answers for a promise that
// nobody has any more.
class silent_actor final : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](std::uint64_t) {
        return promises_.emplace_back(make_response_promise<std::uint64_t>());
      },
    };
  }

  void on_exit() override {
    promises_.clear(); // each refers to this actor
  }

private:
  std::vector<caf::typed_response_promise<std::uint64_t>> promises_;
};

} // namespace

// -- running actors -----------------------------------------------------------

TEST_CASE("ten thousand actors pass messages on, from several threads and from outside") {
  constexpr std::size_t num_actors = 10'000;
  constexpr std::size_t num_messages = 2'000;
  constexpr std::uint64_t hops = 100;
  io_system x{4};
  countdown arrived{num_messages};
  std::atomic<std::size_t> elsewhere{0};
  std::vector<caf::actor> actors(num_actors);
  countdown spawned{num_actors};
  for (std::size_t i = 0; i < num_actors; ++i)
    actors[i] = spawn_counter(x, [&, i](caf::event_based_actor* self, std::uint64_t left) {
      if (io_thread::current() == nullptr)
        ++elsewhere;
      if (left == 0)
        arrived.hit();
      else
        compat::send(self, actors[(i * 31 + 7) % num_actors], left - 1);
    });
  std::vector<std::thread> senders;
  for (std::size_t t = 0; t < 4; ++t)
    senders.emplace_back([&, t] {
      for (std::size_t i = t; i < num_messages; i += 4)
        compat::anon_send(actors[i * 5], hops);
    });
  for (auto& sender : senders)
    sender.join();
  CHECK(arrived.wait());
  CHECK(elsewhere == 0);
  for (auto& actor : actors)
    end(actor);
}

TEST_CASE("a message from another thread wakes an actor, whatever it is just doing") {
  io_system x{1};
  constexpr std::uint64_t rounds = 20'000;
  countdown done{1};
  auto detached = x.system->spawn<adder, caf::detached>();
  auto scheduled = spawn_counter(x, [&](caf::event_based_actor* self, std::uint64_t n) {
    if (n < rounds)
      compat::send(self, detached, n);
    else
      done.hit();
  });
  compat::anon_send(scheduled, std::uint64_t{0});
  CHECK(done.wait());
  end(detached);
  end(scheduled);
}

TEST_CASE("an actor that throws ends alone") {
  io_system x{1};
  countdown down{1};
  countdown alive{1};
  auto bad = spawn_counter(x, [](caf::event_based_actor*, std::uint64_t) {
    throw std::runtime_error("a fault");
  });
  auto good = spawn_counter(x, [&](caf::event_based_actor*, std::uint64_t) { alive.hit(); });
  bad->attach_functor([&] { down.hit(); });
  compat::anon_send(bad, std::uint64_t{1});
  CHECK(down.wait());
  compat::anon_send(good, std::uint64_t{1});
  CHECK(alive.wait());
  end(good);
}

TEST_CASE("an actor that floods itself keeps nothing else from running") {
  io_system x{1};
  std::atomic<bool> enough{false};
  auto flood = spawn_counter(x, [&](caf::event_based_actor* self, std::uint64_t n) {
    if (enough)
      self->quit();
    else
      compat::send(self, caf::actor_cast<caf::actor>(self), n);
  });
  for (std::uint64_t i = 0; i < 1000; ++i)
    compat::anon_send(flood, i);
  countdown event{1000};
  countdown message{1000};
  countdown timer{1};
  auto other = spawn_counter(x, [&](caf::event_based_actor* self, std::uint64_t n) {
    message.hit();
    if (n > 0)
      compat::send(self, caf::actor_cast<caf::actor>(self), n - 1);
  });
  compat::anon_send(other, std::uint64_t{1000});
  std::function<void()> next_event = [&] {
    event.hit();
    if (!event.is_done())
      boost::asio::post(x.threads.thread(0).context(), next_event);
  };
  boost::asio::post(x.threads.thread(0).context(), next_event);
  auto late = caf::actor_cast<caf::actor>(
    x.system->spawn<sleeper>(x.threads, [&](sleeper&) { timer.hit(); }));
  compat::anon_send(late, number(x.threads.now() + 5ms));
  CHECK(event.wait());
  CHECK(message.wait());
  CHECK(timer.wait());
  enough = true;
  end(other);
  end(late);
}

TEST_CASE("a system that is stopped under load ends") {
  for (int i = 0; i < 20; ++i) {
    io_system x{2};
    countdown running{1000};
    for (int j = 0; j < 100; ++j) {
      // Pairs without an end; only the first knows the second.
      auto second = spawn_counter(x, [](caf::event_based_actor* self, std::uint64_t n) {
        compat::send(self, caf::actor_cast<caf::actor>(self->current_sender()), n);
      });
      auto first = spawn_counter(x,
                                 [second, &running](caf::event_based_actor* self, std::uint64_t n) {
                                   running.hit();
                                   compat::send(self, second, n);
                                 });
      compat::anon_send(first, std::uint64_t{1});
    }
    CHECK(running.wait());
    x.system->await_actors_before_shutdown(false);
    x.system.reset();
  }
}

TEST_CASE("detached and blocking actors work beside the scheduler") {
  io_system x{2};
  auto detached = x.system->spawn<adder, caf::detached>();
  auto scheduled = x.system->spawn<adder>();
  caf::scoped_actor self{*x.system};
  std::uint64_t n = 0;
  for (int i = 0; i < 100; ++i)
    for (auto& actor : {detached, scheduled})
      compat::request(self.ptr(), actor, n)
        .receive([&](std::uint64_t m) { n = m; }, [](const caf::error&) { FAIL("no answer"); });
  CHECK(n == 200);
  end(detached);
  end(scheduled);
}

TEST_CASE("CAF's own timeouts work beside the scheduler, also when their actor has ended") {
  io_system x{2};
  countdown timed_out{1};
  countdown ended{100};
  auto silent = x.system->spawn<silent_actor>();
  // These end while their timeouts are under way.
  for (std::uint64_t i = 0; i < 100; ++i)
    compat::anon_send(spawn_counter(x,
                                    [&](caf::event_based_actor* self, std::uint64_t n) {
                                      request_within(self, silent, 1h, n)
                                        .then([](std::uint64_t) {}, [](const caf::error&) {});
                                      self->attach_functor([&] { ended.hit(); });
                                      self->quit();
                                    }),
                      i);
  CHECK(ended.wait());
  compat::anon_send(spawn_counter(x,
                                  [&](caf::event_based_actor* self, std::uint64_t n) {
                                    request_within(self, silent, 10ms, n)
                                      .then([](std::uint64_t) {},
                                            [&, self](const caf::error& what) {
                                              if (what == caf::sec::request_timeout)
                                                timed_out.hit();
                                              self->quit();
                                            });
                                  }),
                    std::uint64_t{1});
  CHECK(timed_out.wait());
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
}
