#include "actors/rules/recurring_failure.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

struct fixture {
  // How many lines ten failures a second make from `begin` until before `end`.
  int lines(std::chrono::seconds begin, std::chrono::seconds end) {
    int result = 0;
    for (std::chrono::milliseconds t = begin; t < end; t += 100ms)
      result += x.failed(zero + t).has_value();
    return result;
  }

  recurring_failure x;
  recurring_failure::clock::time_point zero{1000s};
};

} // namespace

TEST_CASE("what fails ten times a second makes a line a minute") {
  fixture f;
  CHECK(f.lines(0s, 1s) == 1);
  CHECK(f.lines(1s, 60s) == 0);
  auto second = f.x.failed(f.zero + 60s);
  REQUIRE(second);
  CHECK(second->failures == 601);
  CHECK(second->lasted == 60s);
  CHECK(f.lines(61s, 120s) == 0);
  CHECK(f.lines(120s, 600s) == 8);
}

TEST_CASE("when it is over there is one line, with how often and how long") {
  fixture f;
  CHECK(f.lines(0s, 5s) == 1);
  CHECK(!f.x.succeeded(f.zero + 5s));
  auto last = f.x.succeeded(f.zero + 15s);
  REQUIRE(last);
  CHECK(last->failures == 50);
  CHECK(last->lasted == 4900ms);
  CHECK(!f.x.succeeded(f.zero + 16s));
  CHECK(f.lines(20s, 21s) == 1); // a new matter
}

TEST_CASE("what succeeds now and then is not over") {
  fixture f;
  int lines = 0;
  for (auto t = 0s; t < 60s; ++t) {
    lines += f.x.failed(f.zero + t).has_value();
    lines += f.x.succeeded(f.zero + t + 500ms).has_value();
  }
  CHECK(lines == 1);
}

TEST_CASE("what never failed is nothing to speak of") {
  fixture f;
  CHECK(!f.x.succeeded(f.zero));
}
