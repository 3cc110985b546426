// How who may not do something is told so, in each dialect.
#include "net/access/denial.hpp"

#include "net/dialects/lock_server.hpp"
#include "net/dialects/terraform.hpp"
#include "net/dialects/v1.hpp"
#include "net/session/refusal.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <utility>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

// What `how` writes, with the status before it.
std::string written(const dialect& how, denial&& x) {
  std::string text;
  auto content = how.write(refusal_of(std::move(x)), {}, text);
  return std::to_string(content.status) + ' ' + std::string{content.body};
}

denial no_right() {
  return {errc::forbidden, "who asks needs the right force for this key", right::force};
}

} // namespace

TEST_CASE("a denial becomes a refusal with its right, or with when to ask again") {
  auto x = refusal_of(no_right());
  CHECK(x.code == errc::forbidden);
  CHECK(x.reason == "who asks needs the right force for this key");
  CHECK(x.right == "force");
  CHECK(x.retry_after == 0);
  for (auto [wait, seconds] : {std::pair{1ns, 1u}, {1'000'000'000ns, 1u}, {1'000'000'001ns, 2u}}) {
    auto later = refusal_of(too_many_requests(wait));
    CHECK(later.code == errc::too_many);
    CHECK(later.right.empty());
    CHECK(later.retry_after == seconds);
  }
}

TEST_CASE("a denial is a problem in JSON and for Terraform, with the right that is missing") {
  constexpr auto forbidden
    = R"(403 {"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden",)"
      R"("detail":"who asks needs the right force for this key","right":"force"})"
      "\n";
  CHECK(written(v1_dialect{}, no_right()) == forbidden);
  CHECK(written(terraform_dialect{}, no_right()) == forbidden);
  CHECK(written(v1_dialect{}, unauthenticated("say who asks"))
        == R"(401 {"type":"about:blank","title":"Unauthorized","status":401,)"
           R"("code":"unauthenticated","detail":"say who asks"})"
           "\n");
}

TEST_CASE("a denial is a no in lines") {
  CHECK(written(lock_server_dialect{}, no_right()) == "403 0\n");
  CHECK(written(lock_server_dialect{}, unauthenticated("say who asks")) == "401 0\n");
  CHECK(written(lock_server_dialect{}, too_many_logins(3s)) == "429 0\n");
}
