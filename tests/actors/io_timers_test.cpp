#include "tests/support/catch.hpp"
#include "tests/support/countdown.hpp"
#include "tests/support/io_system.hpp"
#include "tests/support/seed.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_registry.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

caf::actor spawn_sleeper(io_system& x, std::function<void(sleeper&)> woken) {
  return caf::actor_cast<caf::actor>(x.system->spawn<sleeper>(x.threads, std::move(woken)));
}

} // namespace

TEST_CASE("wake-ups arrive, each once and never early") {
  constexpr std::size_t num_sleepers = 5'000;
  auto seed = random_seed();
  CAPTURE(seed);
  random_source random{seed};
  io_system x{4};
  countdown woken{num_sleepers};
  std::atomic<std::size_t> early{0};
  std::atomic<std::size_t> times{0};
  std::vector<caf::actor> sleepers;
  for (std::size_t i = 0; i < num_sleepers; ++i) {
    sleepers.push_back(spawn_sleeper(x, [&](sleeper& self) {
      if (x.threads.now() < self.due)
        ++early;
      ++times;
      woken.hit();
    }));
    compat::anon_send(sleepers.back(), number(x.threads.now() + random.below(300'000) * 1us));
  }
  CHECK(woken.wait());
  CHECK(early == 0);
  CHECK(times == num_sleepers);
  for (auto& actor : sleepers)
    end(actor);
}

TEST_CASE("a wake-up in the past arrives at once") {
  io_system x{1};
  countdown woken{1};
  auto actor = spawn_sleeper(x, [&](sleeper&) { woken.hit(); });
  compat::anon_send(actor, number(x.threads.now() - 1h));
  CHECK(woken.wait());
  end(actor);
}

TEST_CASE("however many wake-ups are due at once, sockets have their turn between them") {
  constexpr std::size_t num_sleepers = 2'000;
  io_system x{1};
  countdown woken{num_sleepers};
  std::size_t times = 0; // on the one thread, as the next
  std::size_t before_other = 0;
  auto due = x.threads.now() + 100ms;
  std::vector<caf::actor> sleepers;
  for (std::size_t i = 0; i < num_sleepers; ++i) {
    sleepers.push_back(spawn_sleeper(x, [&](sleeper&) {
      if (++times == 1)
        boost::asio::post(x.threads.thread(0).context(), [&] { before_other = times; });
      woken.hit();
    }));
    compat::anon_send(sleepers.back(), number(due));
  }
  CHECK(woken.wait());
  CHECK(before_other > 0);
  CHECK(before_other <= 128);
  for (auto& actor : sleepers)
    end(actor);
}

TEST_CASE("a deadline that moves later leaves its wake-up, one that moves earlier moves it") {
  io_system x{1};
  countdown woken{2};
  auto actor = spawn_sleeper(x, [&](sleeper& self) {
    woken.hit();
    self.alarm.no_later_than(x.threads.now() + 24h);
    self.alarm.no_later_than(x.threads.now() + 1ms);
  });
  compat::anon_send(actor, number(x.threads.now() + 1ms));
  compat::anon_send(actor, number(x.threads.now() + 24h));
  CHECK(woken.wait());
  end(actor);
}

TEST_CASE("an alarm that another thread sets does not put off an earlier one") {
  io_system x{1};
  countdown woken{1};
  auto far = spawn_sleeper(x, [](sleeper&) {});
  auto near = spawn_sleeper(x, [&](sleeper&) { woken.hit(); });
  auto* far_actor = caf::actor_cast<caf::abstract_actor*>(far);
  auto far_alarm = std::make_unique<wake_up>(x.threads, far_actor);
  // The I/O thread is busy while another thread sets a late alarm on it, and
  // sets an early one before it comes to look at what the other has set.
  auto busy = spawn_counter(x, [&](caf::event_based_actor* self, std::uint64_t) {
    std::thread{[&] { far_alarm->no_later_than(x.threads.now() + 24h); }}.join();
    compat::send(self, near, number(x.threads.now() + 10ms));
  });
  compat::anon_send(busy, std::uint64_t{1});
  CHECK(woken.wait());
  far_alarm.reset();
  for (auto& actor : {far, near, busy})
    end(actor);
}

TEST_CASE("alarms that several threads set for one thread are all met") {
  constexpr std::size_t rounds = 2'000;
  auto seed = random_seed();
  CAPTURE(seed);
  io_system x{1};
  countdown woken{1};
  auto actor = spawn_sleeper(x, [&](sleeper&) {});
  auto* owner = caf::actor_cast<caf::abstract_actor*>(actor);
  std::vector<std::thread> setters;
  for (std::uint64_t t = 0; t < 3; ++t)
    setters.emplace_back([&, t] {
      random_source random{seed + t};
      std::array<std::unique_ptr<wake_up>, 8> alarms;
      for (std::size_t i = 0; i < rounds; ++i) {
        auto& alarm = alarms[random.below(alarms.size())];
        switch (random.below(6)) {
          case 0:
            alarm.reset();
            break;
          case 1:
            if (alarm)
              alarm->clear();
            break;
          default:
            if (!alarm)
              alarm = std::make_unique<wake_up>(x.threads, owner);
            alarm->no_later_than(x.threads.now() + random.below(2'000) * 1us);
        }
      }
    });
  for (auto& setter : setters)
    setter.join();
  // Whatever they have left behind, the next wake-up is met.
  auto last = spawn_sleeper(x, [&](sleeper&) { woken.hit(); });
  compat::anon_send(last, number(x.threads.now() + 1ms));
  CHECK(woken.wait());
  end(actor);
  end(last);
}

TEST_CASE("actors may come and go with their wake-ups while these are due") {
  constexpr std::size_t num_rounds = 200;
  constexpr std::size_t num_sleepers = 50;
  auto seed = random_seed();
  CAPTURE(seed);
  random_source random{seed};
  io_system x{3};
  std::atomic<std::size_t> woken{0};
  for (std::size_t i = 0; i < num_rounds; ++i) {
    std::vector<caf::actor> sleepers;
    for (std::size_t j = 0; j < num_sleepers; ++j) {
      sleepers.push_back(spawn_sleeper(x, [&](sleeper& self) {
        if (++woken % 2 == 0)
          self.quit();
        else
          self.alarm.no_later_than(x.threads.now() + 50us);
      }));
      compat::anon_send(sleepers.back(), number(x.threads.now() + random.below(200) * 1us));
    }
    for (auto& actor : sleepers)
      end(actor);
  }
  x.system->await_all_actors_done();
  CHECK(x.system->registry().running() == 0);
}
