#include "actors/rules/lease_endings.hpp"
#include "actors/rules/lease_table.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

time_point at(duration x) {
  return time_point{x};
}

struct rules {
  lease_limits limits{100, 100};
  lease_table leases{limits};

  // A lease of 10 s that is named as given.
  lease_id make(const std::string& name, duration now = 0s, const std::string& owner = {}) {
    return leases.add(leases.make(at(now), name, owner, 10s)).id;
  }
  errc ask(duration now, const std::string& name, const std::string& key,
           const std::string& owner = "o") {
    return leases.begin_attach(at(now), name, owner, key).status;
  }
  void grant(lease_id id, const std::string& key, std::uint64_t token) {
    leases.attach(at(0s), id, key, token);
  }
  std::size_t locks(const std::string& name) const {
    return leases.find(at(0s), name)->locks;
  }
  // "key token, key token" of a page, and behind which key the next begins.
  std::string page(const std::string& name, const std::string& after, std::uint64_t most) const {
    std::string result;
    auto next = lease_table::for_page(*leases.find(at(0s), name), after, most,
                                      [&](const std::string& key, std::uint64_t token) {
                                        result += (result.empty() ? "" : ", ") + key + ' '
                                                  + std::to_string(token);
                                      });
    return next.empty() ? result : result + " > " + next;
  }
};

} // namespace

// -- their lives --------------------------------------------------------------

TEST_CASE("a lease is alive until its time is over, whoever has noticed") {
  rules x;
  auto id = x.make("a", 1s);
  REQUIRE(x.leases.find(at(11s - 1ns), "a") != nullptr);
  CHECK(x.leases.find(at(11s), "a") == nullptr);
  CHECK(x.leases.find(at(1s), "b") == nullptr);
  CHECK(x.leases.next_expiry() == at(11s));
  CHECK(x.leases.first_over(at(11s - 1ns)) == nullptr);
  REQUIRE(x.leases.first_over(at(11s)) != nullptr);
  CHECK(x.leases.first_over(at(11s))->id == id);
  CHECK(!x.leases.renew(at(11s), "a"));
  CHECK(x.ask(11s, "a", "k") == errc::lease_expired);
}

TEST_CASE("a renewed lease lasts longer at once, and promises that when it is stored") {
  rules x;
  x.make("a");
  auto renewed = x.leases.renew(at(4s), "a");
  REQUIRE(renewed);
  CHECK(renewed->expires_at == 14s);
  CHECK(x.leases.next_expiry() == at(14s));
  CHECK(x.leases.find(at(5s), "a")->promised == at(10s));
  CHECK(x.leases.confirm_renewal(at(5s), *renewed) != nullptr);
  CHECK(x.leases.find(at(5s), "a")->promised == at(14s));
}

TEST_CASE("a renewal that cannot be stored leaves the lease its old end") {
  rules x;
  x.make("a");
  auto first = x.leases.renew(at(4s), "a");
  SECTION("at once") {
    x.leases.undo_renewal(at(5s), *first);
    CHECK(x.leases.next_expiry() == at(10s));
  }
  SECTION("unless it has been renewed again") {
    auto second = x.leases.renew(at(5s), "a");
    x.leases.undo_renewal(at(6s), *first);
    CHECK(x.leases.next_expiry() == at(15s));
    x.leases.undo_renewal(at(6s), *second);
    CHECK(x.leases.next_expiry() == at(10s));
  }
  SECTION("and does nothing when the lease is over") {
    lease_table::share_map keys;
    x.leases.end(first->id, keys);
    x.leases.undo_renewal(at(5s), *first);
    CHECK(x.leases.confirm_renewal(at(5s), *first) == nullptr);
    CHECK(x.leases.size() == 0);
  }
}

TEST_CASE("leases that are being made count, until they are made or given up") {
  rules x;
  x.limits.max_leases = 2;
  x.make("a");
  auto room = x.leases.reserve();
  CHECK(room);
  CHECK(!x.leases.reserve());
  room.reset();
  CHECK(x.leases.reserve());
  x.make("b");
  CHECK(!x.leases.reserve());
}

TEST_CASE("leases that come from a store do not give their numbers to new ones") {
  rules x;
  x.leases.add({7, "stored", "", 10s, 30s});
  CHECK(x.leases.find(at(0s), "stored")->promised == at(30s));
  CHECK(x.make("new") == 8);
}

// -- their locks --------------------------------------------------------------

TEST_CASE("a lease can be used by its owner alone, if it has one") {
  rules x;
  x.make("mine", 0s, "me");
  x.make("any");
  CHECK(x.ask(0s, "mine", "k", "you") == errc::wrong_owner);
  CHECK(x.ask(0s, "mine", "k", "me") == errc::ok);
  CHECK(x.ask(0s, "any", "k", "you") == errc::ok);
  CHECK(x.ask(0s, "none", "k") == errc::lease_expired);
}

TEST_CASE("a grant lasts as long as its lease, as far as that is stored") {
  rules x;
  auto id = x.make("a");
  x.ask(0s, "a", "k");
  x.ask(0s, "a", "l");
  x.leases.renew(at(4s), "a");
  CHECK(x.leases.attach(at(5s), id, "k", 1) == at(10s));
  CHECK(x.leases.attach(at(14s), id, "l", 2) == std::nullopt);
  lease_table::share_map keys;
  x.leases.end(id, keys);
  CHECK(x.leases.attach(at(5s), id, "k", 3) == std::nullopt);
}

TEST_CASE("the end of a lease concerns the keys that have a grant of it, or may get one") {
  rules x;
  auto id = x.make("a");
  for (auto* key : {"granted", "refused", "released", "asked"})
    x.ask(0s, "a", key);
  x.grant(id, "granted", 1);
  x.leases.cancel_attach(id, "refused");
  x.grant(id, "released", 2);
  x.leases.detach(id, "released", 2);
  lease_table::share_map keys;
  x.leases.end(id, keys);
  std::vector<std::string> names;
  for (auto& [name, share] : keys)
    names.push_back(name);
  CHECK(names == std::vector<std::string>{"asked", "granted"});
  CHECK(x.leases.size() == 0);
  CHECK(!x.leases.next_expiry());
}

TEST_CASE("locks count from the moment when they are asked for, and repeats only once") {
  rules x;
  x.limits.max_locks = 2;
  auto id = x.make("a");
  CHECK(x.ask(0s, "a", "k") == errc::ok);
  x.grant(id, "k", 1);
  CHECK(x.ask(0s, "a", "k") == errc::ok);
  CHECK(x.ask(0s, "a", "l") == errc::too_many_locks);
  x.grant(id, "k", 1); // the same one again
  CHECK(x.locks("a") == 1);
  CHECK(x.ask(0s, "a", "l") == errc::ok);
  CHECK(x.ask(0s, "a", "m") == errc::too_many_locks);
  x.leases.cancel_attach(id, "l");
  CHECK(x.ask(0s, "a", "m") == errc::ok);
  x.leases.detach(id, "k", 1);
  x.leases.detach(id, "k", 1);
  CHECK(x.locks("a") == 1);
}

TEST_CASE("a stored grant is attached once, or has to end when its lease is over") {
  rules x;
  auto id = x.make("a");
  CHECK(x.leases.restore(id, "k", 5));
  CHECK(x.leases.restore(id, "k", 5));
  CHECK(x.locks("a") == 1);
  CHECK(!x.leases.restore(id + 1, "k", 6));
}

TEST_CASE("a page of a lease ends between two keys") {
  rules x;
  auto id = x.make("a");
  std::uint64_t token = 0;
  for (auto* key : {"b", "a", "a", "c"}) {
    x.ask(0s, "a", key);
    x.grant(id, key, ++token);
  }
  CHECK(x.page("a", "", 10) == "a 2, a 3, b 1, c 4");
  CHECK(x.page("a", "", 3) == "a 2, a 3, b 1 > b");
  CHECK(x.page("a", "b", 3) == "c 4");
  CHECK(x.page("a", "", 1) == "a 2, a 3 > a");
  CHECK(x.page("a", "c", 1).empty());
}

// -- their ends ---------------------------------------------------------------

namespace {

using endings = lease_endings<int>;

endings::pointer add(endings& x, lease_id id, std::vector<std::string> keys) {
  return x.add(id, "name", 0, [&](auto& to) {
    for (auto& key : keys)
      to.try_emplace(key);
  });
}

} // namespace

TEST_CASE("the keys of leases that are over are told in turn, and each once") {
  endings x;
  add(x, 1, {"a", "b", "c"});
  add(x, 2, {"d"});
  std::string told;
  while (!x.empty())
    x.tell_next([&](const endings::notice& one) { told += one.name(); });
  CHECK(told == "adbc");
}

TEST_CASE("a lease is over when the last of its keys has heard of it") {
  endings x;
  auto all = add(x, 1, {"a", "b"});
  CHECK(!all->is_over());
  std::vector<endings::notice> notices;
  while (!x.empty())
    x.tell_next([&](const endings::notice& one) { notices.push_back(one); });
  CHECK(!x.heard(notices[1]));
  x.tell_again(notices[0]); // it could not do it
  CHECK(!x.empty());
  x.tell_next([&](const endings::notice& one) { notices[0] = one; });
  CHECK(x.heard(notices[0]));
  CHECK(all->is_over());
  CHECK(add(x, 2, {})->is_over());
  CHECK(x.empty());
}

TEST_CASE("a key that could not be told is told later") {
  endings x;
  add(x, 1, {"a"});
  CHECK_THROWS(x.tell_next([](const auto&) { throw std::runtime_error{"no memory"}; }));
  std::string told;
  x.tell_next([&](const endings::notice& one) { told = one.name(); });
  CHECK(told == "a");
}
