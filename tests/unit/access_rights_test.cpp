// The parts of rights: the table, prefixes of keys, patterns of owners, roles.
#include "net/access/owner_patterns.hpp"
#include "net/access/prefix_set.hpp"
#include "net/access/principal.hpp"
#include "net/access/right.hpp"
#include "net/access/role.hpp"

#include "tests/support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace lockserver;

namespace {

using strings = std::vector<std::string>;

right_set set_of(std::initializer_list<right> all) {
  right_set result;
  for (auto x : all)
    result.add(x);
  return result;
}

} // namespace

TEST_CASE("a right is found by its name, and no other is") {
  for (auto& x : all_rights) {
    CHECK(row_of(x.what).name == x.name);
    CHECK(right_named(x.name) == x.what);
    CHECK((static_cast<std::size_t>(x.what) < key_rights) == x.is_about_keys);
  }
  for (auto x : {"", "READ", "read ", "write"})
    CHECK(!right_named(x));
  CHECK(names_of_rights() == "read, acquire, force, metrics, admin");
}

TEST_CASE("who may take or end a lock may see it, and nothing else comes with anything") {
  for (auto& x : all_rights)
    for (auto& y : all_rights) {
      auto same = x.what == y.what;
      auto sees = (x.name == "acquire" || x.name == "force") && y.name == "read";
      CAPTURE(x.name, y.name);
      CHECK(set_of({x.what}).has(y.what) == same);
      CHECK(set_of({x.what}).gives(y.what) == (same || sees));
    }
}

TEST_CASE("a set of prefixes has the names that begin with one of them") {
  CHECK(!prefix_set{}.contains(""));
  CHECK(!prefix_set{}.has_some(""));
  prefix_set all{{""}};
  CHECK(all.contains(""));
  CHECK(all.contains("anything"));
  prefix_set some{{"deploy/", "x", "x", "deploy/web/", "\xff"}};
  CHECK(some.prefixes() == strings{"deploy/", "x", "\xff"});
  for (auto name : {"deploy/", "deploy/web/1", "x", "xy", "\xff\x01"})
    CHECK(some.contains(name));
  for (auto name : {"", "deploy", "deploy0", "depl", "w", "y", "\xfe\xff"})
    CHECK(!some.contains(name));
}

TEST_CASE("bytes of prefixes are compared as they are, beyond ASCII too") {
  prefix_set some{{"a", "\xc3\xa4/", "z"}};
  CHECK(some.contains("\xc3\xa4/1"));
  CHECK(!some.contains("\xc3\xa5/1"));
  CHECK(!some.contains(std::string("\0a", 2)));
  CHECK(some.prefixes() == strings{"a", "z", "\xc3\xa4/"});
}

TEST_CASE("a set of prefixes is cut to those of its names that begin with another") {
  prefix_set some{{"a/", "b", "c/1", "c/2"}};
  CHECK(some.within("") == strings{"a/", "b", "c/1", "c/2"});
  CHECK(some.within("a/x") == strings{"a/x"});
  CHECK(some.within("a") == strings{"a/"});
  CHECK(some.within("c/") == strings{"c/1", "c/2"});
  CHECK(some.within("c/10") == strings{"c/10"});
  CHECK(some.within("c/3").empty());
  CHECK(some.within("0").empty());
  for (auto prefix : {"", "a", "a/", "a/x", "b", "bb", "c", "c/", "c/1", "c/10", "c/3", "0", "d"})
    CHECK(some.has_some(prefix) == !some.within(prefix).empty());
}

TEST_CASE("an identity may name itself and what is below, unless its patterns say otherwise") {
  auto standard = owner_patterns::of_name("ci");
  CHECK(standard.patterns() == strings{"ci", "ci/*"});
  for (auto owner : {"ci", "ci/", "ci/1", "ci/1/2"})
    CHECK(standard.allow(owner));
  for (auto owner : {"", "c", "ci1", "cj", "ops", "CI"})
    CHECK(!standard.allow(owner));
  CHECK(!owner_patterns{}.allow(""));
  CHECK(!owner_patterns{}.allow("ci"));
  CHECK(owner_patterns{{"*"}}.allow("anybody"));
}

TEST_CASE("a pattern of owners has its * at the end, or none") {
  for (auto good : {"ci", "ci/*", "*", "a b*"})
    CHECK(owner_patterns::check(good).empty());
  CHECK(owner_patterns::check("*/ci") == "may have a * only at its end");
  CHECK(owner_patterns::check("c**") == "may have a * only at its end");
  CHECK(owner_patterns::check("")
        == "must be an owner, or a prefix of owners and a *; it is empty: it must have 1 to 512 "
           "bytes");
  CHECK(!owner_patterns::check("a\nb").empty());
}

TEST_CASE("a line is written as it stands in the file") {
  CHECK(to_string({"", "deploy/", set_of({right::acquire, right::read})})
        == R"({"keys": "deploy/", "allow": ["read", "acquire"]})");
  CHECK(to_string({"", "a\"b", set_of({right::force})})
        == R"({"keys": "a\"b", "allow": ["force"]})");
  CHECK(to_string({"", {}, set_of({right::admin})}) == R"({"allow": ["admin"]})");
}

TEST_CASE("what a principal may is what all lines of all its roles allow together") {
  auto deployer = std::make_shared<const role>(
    "deployer", std::vector<access_line>{{"roles.deployer[0]", "deploy/", set_of({right::acquire})},
                                         {"roles.deployer[1]", "docs/", set_of({right::read})}});
  auto watcher = std::make_shared<const role>(
    "watcher", std::vector<access_line>{{"roles.watcher[0]", "deploy/web/", set_of({right::read})},
                                        {"roles.watcher[1]", {}, set_of({right::metrics})}});
  principal who{"ci", {deployer, watcher}, owner_patterns::of_name("ci")};
  CHECK(who.may(right::acquire, "deploy/x"));
  CHECK(who.may(right::read, "deploy/x"));
  CHECK(who.may(right::read, "docs/x"));
  CHECK(!who.may(right::acquire, "docs/x"));
  CHECK(!who.may(right::force, "deploy/x"));
  CHECK(who.may(right::metrics));
  CHECK(!who.may(right::admin));
  CHECK(who.may_some(right::acquire));
  CHECK(who.may_some(right::acquire, "dep"));
  CHECK(!who.may_some(right::acquire, "docs/"));
  CHECK(!who.may_some(right::force));
  CHECK(who.may_anything());
  CHECK(who.ranges(right::read) == strings{"deploy/", "docs/"});
  CHECK(who.ranges(right::read, "d") == strings{"deploy/", "docs/"});
  CHECK(who.ranges(right::read, "deploy/web") == strings{"deploy/web"});
  CHECK(who.ranges(right::acquire) == strings{"deploy/"});
  CHECK(who.ranges(right::force).empty());
  CHECK(who.line_that_gives(right::read, "deploy/web/1")->place == "roles.deployer[0]");
  CHECK(who.line_that_gives(right::read, "docs/1")->place == "roles.deployer[1]");
  CHECK(who.line_that_gives(right::metrics)->place == "roles.watcher[1]");
  CHECK(who.line_that_gives(right::force, "docs/1") == nullptr);
}

TEST_CASE("who has no role may nothing") {
  principal nobody{"nobody", {}, {}};
  CHECK(!nobody.may_anything());
  for (auto& x : all_rights)
    CHECK(!nobody.may(x.what, "key"));
  CHECK(nobody.ranges(right::read).empty());
  CHECK(!nobody.is_anonymous());
  CHECK(principal{"anonymous", {}, {}}.is_anonymous());
}
