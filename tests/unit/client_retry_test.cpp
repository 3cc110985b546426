// When a client asks again: with literal times.
#include "net/client/client_retry.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

const boot_clock::time_point began{1000s};
constexpr auto now_and_then = 512u; // in the middle

client::problem why(std::error_code code) {
  client::problem result;
  result.code = code;
  return result;
}

const std::error_code refused{ECONNREFUSED, std::system_category()};

} // namespace

TEST_CASE("a passing state of the server is asked again until the time is over") {
  persistence plan{began, 10s, false};
  for (auto code : {errc::stopping, errc::recovering, errc::no_answer, errc::restart_grace,
                    errc::unavailable, errc::connection_lost}) {
    INFO(row_of(code).id);
    CHECK(plan.pause_after(why(code), began + 1s, now_and_then));
  }
  CHECK(!plan.pause_after(why(errc::stopping), began + 10s, now_and_then));
}

TEST_CASE("an answer is not asked again") {
  for (auto code :
       {errc::held, errc::wait_timeout, errc::already_held, errc::bad_request, errc::not_holder,
        errc::store_failed, errc::too_many, errc::internal, errc::bad_answer, errc::cancelled}) {
    INFO(row_of(code).id);
    persistence plan{began, 10s, true};
    CHECK(!plan.pause_after(why(code), began, now_and_then));
  }
}

TEST_CASE("a broken connection is asked again once at once, whatever the time") {
  persistence plan{began, 0s, false};
  CHECK(plan.pause_after(why(errc::connection_lost), began + 5s, now_and_then) == 0s);
  CHECK(!plan.pause_after(why(errc::connection_lost), began + 5s, now_and_then));
}

TEST_CASE("pauses grow, vary, and have a longest") {
  persistence plan{began, 1h, true};
  auto next = [&](std::uint32_t chance) {
    return plan.pause_after(why(errc::unavailable), began, chance);
  };
  CHECK(next(0) == 50ms);
  CHECK(next(512) == 150ms);
  CHECK(next(1023 + 1024) < 400ms);
  for (int i = 0; i < 100; ++i)
    CHECK(next(0) <= 1s);
  CHECK(next(0) == 1s);
  CHECK(next(512) == 1500ms);
}

TEST_CASE("a server that says when to come is not asked before") {
  persistence plan{began, 10s, true};
  auto x = why(errc::too_many);
  x.retry_after = 3s;
  auto pause = plan.pause_after(x, began, 0);
  REQUIRE(pause);
  CHECK(*pause > 3s);
  CHECK(*pause < 4s);
  x.retry_after = 10s; // the time will be over: why wait
  CHECK(!plan.pause_after(x, began, 0));
}

TEST_CASE("a server that was there is waited for, one that never was is not") {
  persistence stranger{began, 10s, false};
  CHECK(!stranger.pause_after(why(refused), began, now_and_then));
  persistence known{began, 10s, false};
  CHECK(known.pause_after(why(errc::connection_lost), began, now_and_then));
  CHECK(known.pause_after(why(refused), began, now_and_then));
  persistence patient{began, 10s, true};
  CHECK(patient.pause_after(why(refused), began, now_and_then));
  CHECK(!patient.pause_after(why(refused), began + 10s, now_and_then));
}

TEST_CASE("wrong input and unknown hosts are not asked again") {
  persistence plan{began, 10s, true};
  CHECK(!plan.pause_after(why(std::make_error_code(std::errc::invalid_argument)), began, 0));
}
