// The record has what was asked and answered, even if the process is killed in between.
#include "tests/reliability/recorded_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fstream>
#include <utility>

using namespace reliability;
using namespace std::chrono_literals;

namespace {

// Gives the answers that it was told to give.
class scripted_client final : public lock_client {
public:
  explicit scripted_client(reply& next) : next_(next) {
  }
  reply acquire(const std::string&, const acquire_request&) override {
    return next_;
  }
  reply renew(const std::string&, std::uint64_t, duration) override {
    return next_;
  }
  reply release(const std::string&, std::uint64_t) override {
    return next_;
  }
  reply verify(const std::string&) override {
    return next_;
  }
  reply create_lease(duration) override {
    return next_;
  }
  reply renew_lease(const std::string&) override {
    return next_;
  }
  reply end_lease(const std::string&) override {
    return next_;
  }

private:
  reply& next_;
};

struct fixture {
  lockserver::test::temporary_directory directory;
  std::string file = directory.file("journal");
  journal notes{file};
  reply next;
  recorded_client client{std::make_unique<scripted_client>(next), "ann", notes};

  std::vector<operation> read() const {
    std::vector<operation> result;
    read_journal(file, result);
    return result;
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "a grant is recorded with its guaranteed end", "[checker]") {
  next.result = outcome::ok;
  next.token = 7;
  next.lasts = 300ms;
  acquire_request request{500ms, 100ms, 3, "", "id"};
  auto before = std::chrono::steady_clock::now();
  client.acquire("k", request);
  auto x = read();
  REQUIRE(x.size() == 1);
  CHECK(x[0].what == action::acquire);
  CHECK(x[0].key == "k");
  CHECK(x[0].owner == "ann");
  CHECK(x[0].result == outcome::ok);
  CHECK(x[0].token == 7);
  CHECK(x[0].ttl == 500ms);
  CHECK(x[0].wait == 100ms);
  CHECK(x[0].limit == 3);
  CHECK(x[0].request_id == "id");
  CHECK(x[0].invoked >= before);
  CHECK(x[0].answered >= x[0].invoked);
  CHECK(x[0].until == x[0].invoked + 300ms);
  CHECK(request.first_sent == x[0].invoked);
}

TEST_CASE_METHOD(fixture, "a repeat's time counts from the first try", "[checker]") {
  acquire_request request{500ms, 100ms, 1, "", "id"};
  client.acquire("k", request);
  next.result = outcome::ok;
  next.token = 7;
  next.lasts = 300ms;
  client.acquire("k", request);
  auto x = read();
  REQUIRE(x.size() == 2);
  CHECK(x[0].result == outcome::unknown);
  CHECK(x[0].answered == never);
  CHECK(x[1].until == x[0].invoked + 300ms);
}

TEST_CASE_METHOD(fixture, "holders and the line are recorded", "[checker]") {
  next.result = outcome::ok;
  next.shows_holders = true;
  next.holders = {{"bob", 3}, {"cid", 4}};
  next.queue = {"dan", "eve"};
  client.verify("k");
  auto x = read();
  REQUIRE(x.size() == 1);
  CHECK(x[0].shows_holders);
  REQUIRE(x[0].holders.size() == 2);
  CHECK(x[0].holders[1].owner == "cid");
  CHECK(x[0].holders[1].token == 4);
  CHECK(x[0].queue == std::vector<std::string>{"dan", "eve"});
}

TEST_CASE_METHOD(fixture, "what happens to a lease is recorded for each of its locks",
                 "[checker]") {
  next.result = outcome::ok;
  next.lasts = 300ms;
  client.renew_lease("l", {{"a", 1}, {"b", 2}}, 400ms);
  next.lasts = 0ms;
  client.end_lease("l", {{"a", 1}, {"b", 2}});
  auto x = read();
  REQUIRE(x.size() == 4);
  CHECK(x[1].what == action::renew);
  CHECK(x[1].key == "b");
  CHECK(x[1].token == 2);
  CHECK(x[1].until == x[0].until);
  CHECK(x[2].what == action::release);
  CHECK(x[3].result == outcome::ok);
}

TEST_CASE_METHOD(fixture, "a request without an answer is recorded as unknown", "[checker]") {
  operation x;
  x.key = "k";
  x.owner = "ann";
  notes.asked(x);
  REQUIRE(read().size() == 1);
  CHECK(read()[0].result == outcome::unknown);
  CHECK(read()[0].answered == never);
}

TEST_CASE_METHOD(fixture, "a line that was not finished counts as not written", "[checker]") {
  client.verify("k");
  std::ofstream{file, std::ios::app} << ">\t99\t0\tk";
  CHECK(read().size() == 1);
}
