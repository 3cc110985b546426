#include "actors/rules/timer_queue.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/seed.hpp"

#include <array>
#include <map>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using time_point = timer_queue::time_point;

constexpr time_point at(std::chrono::steady_clock::duration x) {
  return time_point{x};
}

} // namespace

TEST_CASE("an empty queue has nothing due") {
  timer_queue queue;
  CHECK(queue.empty());
  CHECK(queue.next_due() == std::nullopt);
  CHECK(queue.pop_due(time_point::max()) == nullptr);
}

TEST_CASE("a node is due at its time and not before") {
  timer_queue queue;
  timer_node x;
  CHECK(!x.is_set());
  queue.set(x, at(5s));
  CHECK(x.is_set());
  CHECK(x.due() == at(5s));
  CHECK(queue.next_due() == at(5s));
  CHECK(queue.pop_due(at(5s - 1ns)) == nullptr);
  CHECK(queue.pop_due(at(5s)) == &x);
  CHECK(!x.is_set());
  CHECK(queue.empty());
}

TEST_CASE("nodes are due in the order of their times") {
  timer_queue queue;
  timer_node a;
  timer_node b;
  timer_node c;
  queue.set(a, at(3s));
  queue.set(b, at(1s));
  queue.set(c, at(2s));
  CHECK(queue.pop_due(at(9s)) == &b);
  CHECK(queue.pop_due(at(9s)) == &c);
  CHECK(queue.pop_due(at(9s)) == &a);
  CHECK(queue.pop_due(at(9s)) == nullptr);
}

TEST_CASE("nodes of the same time are due in the order in which they were set") {
  timer_queue queue;
  std::array<timer_node, 5> nodes;
  timer_node later;
  queue.set(later, at(2s)); // so that the hint does not help
  for (auto& x : nodes)
    queue.set(x, at(1s));
  queue.set(nodes[1], at(1s)); // again: now it is the last
  for (auto i : {0, 2, 3, 4, 1})
    CHECK(queue.pop_due(at(1s)) == &nodes[static_cast<std::size_t>(i)]);
  queue.clear(later);
}

TEST_CASE("setting a node again moves it") {
  timer_queue queue;
  timer_node a;
  timer_node b;
  queue.set(a, at(1s));
  queue.set(b, at(2s));
  queue.set(a, at(3s));
  CHECK(queue.next_due() == at(2s));
  queue.set(a, at(1s));
  CHECK(queue.pop_due(at(3s)) == &a);
  CHECK(queue.pop_due(at(3s)) == &b);
  CHECK(queue.empty());
}

TEST_CASE("a node that is cleared is never due") {
  timer_queue queue;
  timer_node a;
  timer_node b;
  queue.set(a, at(1s));
  queue.set(b, at(2s));
  queue.clear(a);
  queue.clear(a);
  CHECK(!a.is_set());
  CHECK(queue.pop_due(at(9s)) == &b);
  queue.clear(b); // popped before
  CHECK(queue.empty());
}

TEST_CASE("a node may be set from where it is popped") {
  timer_queue queue;
  timer_node x;
  queue.set(x, at(1s));
  auto* popped = queue.pop_due(at(1s));
  REQUIRE(popped == &x);
  queue.set(*popped, at(1s));
  CHECK(queue.pop_due(at(1s)) == &x);
}

TEST_CASE("a queue does what a map of times does, whatever is set, moved, cleared or popped") {
  auto seed = test::random_seed();
  CAPTURE(seed);
  test::random_source random{seed};
  timer_queue queue;
  std::array<timer_node, 40> nodes;
  std::multimap<time_point, timer_node*> model; // keeps the order of equal times
  auto forget = [&model](timer_node& x) {
    std::erase_if(model, [&x](auto& entry) { return entry.second == &x; });
  };
  std::size_t wrong = 0;
  for (int step = 0; step < 200'000 && wrong == 0; ++step) {
    auto& x = nodes[random.below(nodes.size())];
    auto when = at(random.below(15) * 1s);
    switch (random.below(4)) {
      case 0:
      case 1:
        queue.set(x, when);
        forget(x);
        model.emplace(when, &x);
        break;
      case 2:
        queue.clear(x);
        forget(x);
        break;
      default: {
        timer_node* expected = nullptr;
        if (!model.empty() && model.begin()->first <= when) {
          expected = model.begin()->second;
          model.erase(model.begin());
        }
        wrong += queue.pop_due(when) != expected;
      }
    }
    wrong += queue.empty() != model.empty();
    if (!model.empty())
      wrong += queue.next_due() != model.begin()->first;
    std::size_t set = 0;
    for (auto& y : nodes)
      set += y.is_set();
    wrong += set != model.size();
  }
  CHECK(wrong == 0);
  for (auto& x : nodes)
    queue.clear(x);
  CHECK(queue.empty());
}
