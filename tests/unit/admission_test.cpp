#include "net/session/admission.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

constexpr client_limits most{10, 3};
const time_point now{100s};

constexpr wish look{need::locks};
constexpr wish lock{need::grant};
constexpr wish bound_lock{need::grant, true};

errc code_of(const wish& x, const server_state& server, const client_state& client = {},
             time_point at = now) {
  auto no = refuse(x, server, client, most, at);
  return no ? no->code : errc::ok;
}

} // namespace

TEST_CASE("a server that is well is asked everything") {
  for (auto& x : {wish{need::nothing}, look, lock, bound_lock})
    CHECK(code_of(x, {}) == errc::ok);
}

TEST_CASE("a server that stops grants nothing, and goes on with what is held") {
  const server_state stops{.stopping = true};
  CHECK(code_of(lock, stops) == errc::stopping);
  CHECK(code_of(look, stops) == errc::ok);
  CHECK(refuse_grants(stops, now)->code == errc::stopping);
}

TEST_CASE("while a server reads what is held, it says nothing about any lock") {
  const server_state reads{.recovering = true};
  CHECK(code_of(lock, reads) == errc::recovering);
  CHECK(code_of(look, reads) == errc::recovering);
  CHECK(code_of({need::nothing}, reads) == errc::ok);
  CHECK(code_of(look, {.stopping = true, .recovering = true}) == errc::stopping);
}

TEST_CASE("in the restart grace nothing is granted, and all else is done") {
  const server_state fresh{.grants_from = time_point{130s}};
  CHECK(code_of(look, fresh) == errc::ok);
  CHECK(code_of(lock, fresh) == errc::restart_grace);
  CHECK(code_of(lock, fresh, {}, time_point{130s - 1ns}) == errc::restart_grace);
  CHECK(code_of(lock, fresh, {}, time_point{130s}) == errc::ok);
}

TEST_CASE("a refusal in the restart grace says when it is over, in whole seconds, rounded up") {
  const server_state fresh{.grants_from = time_point{130s}};
  CHECK(refuse_grants(fresh, time_point{100s})->retry_after == 30);
  CHECK(refuse_grants(fresh, time_point{100s + 1ns})->retry_after == 30);
  CHECK(refuse_grants(fresh, time_point{101s})->retry_after == 29);
  CHECK(refuse_grants(fresh, time_point{130s - 1ns})->retry_after == 1);
  CHECK(!refuse_grants(fresh, time_point{130s}));
}

TEST_CASE("a client that is one too many gets no lock, and may ask and give back") {
  const client_state surplus{.surplus = true};
  CHECK(code_of(lock, {}, surplus) == errc::too_many);
  CHECK(refuse(lock, {}, surplus, most, now)->retry_after == 1);
  CHECK(code_of(look, {}, surplus) == errc::ok);
}

TEST_CASE("a client has at most so many acquires under way") {
  CHECK(code_of(lock, {}, {.under_way = 9}) == errc::ok);
  CHECK(code_of(lock, {}, {.under_way = 10}) == errc::too_many);
  CHECK(code_of(look, {}, {.under_way = 10}) == errc::ok);
}

TEST_CASE("a client has at most so many locks that end with it, and others besides") {
  CHECK(code_of(bound_lock, {}, {.bound = 2}) == errc::ok);
  CHECK(code_of(bound_lock, {}, {.bound = 3}) == errc::too_many);
  CHECK(code_of(lock, {}, {.bound = 3}) == errc::ok);
}
