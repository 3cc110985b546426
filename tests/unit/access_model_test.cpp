// Rights compared with a naive model: random access files, and an answer derived for each
// identity, operation, key and owner.
#include "net/access/access_text.hpp"
#include "net/access/permission.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/seed.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;

namespace {

namespace json = boost::json;

// -- the model ----------------------------------------------------------------

struct naive_line {
  std::optional<std::string> keys;
  std::vector<std::string> allow;
};

struct naive_role {
  std::string name;
  std::vector<naive_line> lines;
};

struct naive_identity {
  std::string name;
  std::vector<naive_role> roles;
  std::vector<std::string> owners;
};

bool gives(const naive_line& x, const std::string& right, const std::string& key) {
  for (auto& has : x.allow) {
    auto counts = has == right || (right == "read" && (has == "acquire" || has == "force"));
    auto server_wide = right == "metrics" || right == "admin";
    if (counts && (server_wide ? !x.keys : x.keys && key.substr(0, x.keys->size()) == *x.keys))
      return true;
  }
  return false;
}

// The place of the line that gives it; empty: none.
std::string place(const naive_identity& x, const std::string& right, const std::string& key) {
  for (auto& role : x.roles)
    for (std::size_t i = 0; i < role.lines.size(); ++i)
      if (gives(role.lines[i], right, key))
        return "roles." + role.name + '[' + std::to_string(i) + ']';
  return "";
}

bool may(const naive_identity& x, const std::string& right, const std::string& key) {
  return !place(x, right, key).empty();
}

bool may_name(const naive_identity& x, const std::string& owner) {
  return std::any_of(x.owners.begin(), x.owners.end(), [&](auto& pattern) {
    return pattern.back() == '*'
             ? owner.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1)
             : owner == pattern;
  });
}

// All keys of up to three characters. Prefixes have up to three as well, so whenever two
// prefixes overlap, there is a key with both.
std::vector<std::string> make_keys() {
  const std::vector<std::string> letters{"a", "/", "\xc3\xa4"};
  std::vector<std::string> result{letters};
  for (std::size_t i = 0; result[i].size() < 6 && result.size() < 39; ++i)
    for (auto& x : letters)
      result.push_back(result[i] + x);
  return result;
}

const std::vector<std::string> keys = make_keys();
const std::vector<std::string> owners{"ci", "ci/1", "ops", "other", "c"};

bool may_some(const naive_identity& x, const std::string& right, const std::string& prefix) {
  return std::any_of(keys.begin(), keys.end(), [&](auto& key) {
    return key.substr(0, prefix.size()) == prefix && may(x, right, key);
  });
}

// What an operation needs, written independently of the table of operations.
bool may_do(const naive_identity& x, operation what, const std::string& key) {
  auto may_all = [&x](const std::string& right) {
    return std::all_of(keys.begin(), keys.end(),
                       [&](auto& each) { return may(x, right, each + "such a one"); })
           && may(x, right, "whatever else");
  };
  switch (what) {
    case operation::acquire:
    case operation::renew:
    case operation::release:
      return may(x, "acquire", key);
    case operation::force_release:
      return may(x, "force", key);
    case operation::check:
    case operation::inspect:
      return may(x, "read", key) || may(x, "acquire", key) || may(x, "force", key);
    case operation::list:
    case operation::watch:
      return may_some(x, "read", key);
    case operation::lease_create:
    case operation::lease_renew:
    case operation::lease_inspect:
      return may_some(x, "acquire", "");
    case operation::lease_end:
      return may_some(x, "acquire", "") || may_all("force");
    case operation::lease_force_end:
      return may_all("force");
    case operation::server_info:
      return may_some(x, "read", "") || may(x, "metrics", "") || may(x, "admin", "");
    case operation::metrics:
      return may(x, "metrics", "");
    case operation::shutdown:
      return may(x, "admin", "");
    case operation::whoami:
    case operation::health:
      return true;
  }
  return false;
}

std::string answer(const naive_identity& x, operation what, const std::string& key,
                   const std::string& owner) {
  if (!may_do(x, what, key))
    return x.name == "anonymous" ? "unauthenticated" : "forbidden";
  return owner.empty() || may_name(x, owner) ? "" : "owner_not_yours";
}

// -- random files -------------------------------------------------------------

struct naive_file {
  std::vector<naive_role> roles;
  std::vector<naive_identity> identities; // the last two: anonymous, caf
};

template <class T>
const T& one_of(random_source& random, const std::vector<T>& all) {
  return all[random.below(all.size())];
}

naive_line random_line(random_source& random) {
  naive_line result;
  std::vector<std::string> rights{"metrics", "admin"};
  if (random.below(5) > 0) {
    rights = {"read", "acquire", "force"};
    result.keys = random.below(6) == 0 ? "" : one_of(random, keys);
  }
  for (auto& x : rights)
    if (random.below(3) == 0)
      result.allow.push_back(x);
  if (result.allow.empty())
    result.allow.push_back(one_of(random, rights));
  return result;
}

naive_identity random_identity(random_source& random, const std::string& name,
                               const std::vector<naive_role>& roles) {
  naive_identity result{name, {}, {}};
  for (auto& x : roles)
    if (random.below(3) == 0)
      result.roles.push_back(x);
  for (auto pattern : {"ci", "ci/*", "ops", "o*", "*"})
    if (random.below(4) == 0)
      result.owners.emplace_back(pattern);
  return result;
}

naive_file random_file(random_source& random) {
  naive_file result;
  for (auto name : {"r", "s", "t", "u"}) {
    naive_role role{name, {}};
    for (auto n = random.below(5); n > 0; --n)
      role.lines.push_back(random_line(random));
    result.roles.push_back(role);
  }
  for (auto name : {"ci", "ops", "x/y", "anonymous", "caf"})
    result.identities.push_back(random_identity(random, name, result.roles));
  return result;
}

json::array array_of(const std::vector<std::string>& all) {
  json::array result;
  for (auto& x : all)
    result.emplace_back(x);
  return result;
}

std::string text_of(const naive_file& x) {
  json::object roles;
  for (auto& role : x.roles) {
    json::array lines;
    for (auto& line : role.lines) {
      json::object one{{"allow", array_of(line.allow)}};
      if (line.keys)
        one["keys"] = *line.keys;
      lines.emplace_back(std::move(one));
    }
    roles[role.name] = std::move(lines);
  }
  json::object all;
  json::object identities;
  for (auto& identity : x.identities) {
    json::array names;
    for (auto& role : identity.roles)
      names.emplace_back(role.name);
    json::object one{{"roles", std::move(names)}, {"owners", array_of(identity.owners)}};
    if (identity.name == "anonymous" || identity.name == "caf")
      all[identity.name] = std::move(one);
    else
      identities[identity.name] = std::move(one);
  }
  all["identities"] = std::move(identities);
  all["roles"] = std::move(roles);
  return json::serialize(all);
}

// -- comparing ----------------------------------------------------------------

std::string answer(const principal& who, const access_wish& x) {
  auto no = refuse(who, x);
  return no ? std::string{row_of(no->why).name} : "";
}

// Compares all answers. Returns how many there were.
std::size_t compare_answers(const principal& is, const naive_identity& should_be) {
  std::size_t count = 0;
  std::size_t wrong = 0;
  auto names = owners;
  names.emplace_back(); // none
  for (auto& row : all_operations)
    for (auto& key : keys)
      for (auto& owner : names) {
        access_wish wish{row.what, key, {}};
        if (!owner.empty())
          wish.owner = owner;
        ++count;
        // Asserted only when it fails: an assertion costs more than the question.
        if (auto x = answer(is, wish);
            x != answer(should_be, row.what, key, owner) && ++wrong == 1) {
          CAPTURE(is.name(), row.name, key, owner);
          CHECK(x == answer(should_be, row.what, key, owner));
        }
      }
  CHECK(wrong == 0);
  return count;
}

void compare_lines(const principal& is, const naive_identity& should_be) {
  for (auto& row : all_rights)
    for (auto& key : keys) {
      const auto* line = is.line_that_gives(row.what, key);
      auto where = line != nullptr ? line->place : "";
      if (where != place(should_be, std::string{row.name}, key)) {
        CAPTURE(is.name(), row.name, key);
        CHECK(where == place(should_be, std::string{row.name}, key));
      }
    }
}

bool is_in(const std::vector<std::string>& ranges, const std::string& key) {
  return std::any_of(ranges.begin(), ranges.end(), [&](auto& x) { return key.starts_with(x); });
}

// The ranges have the keys that may be read, all of them, once, and no other.
void check_ranges(const principal& is, const naive_identity& should_be) {
  auto prefixes = keys;
  prefixes.emplace_back();
  for (auto& row : all_rights)
    for (auto& prefix : prefixes) {
      if (!row.is_about_keys)
        continue;
      auto ranges = is.ranges(row.what, prefix);
      auto good = std::is_sorted(ranges.begin(), ranges.end());
      for (std::size_t i = 0; i < ranges.size(); ++i)
        good = good && ranges[i].starts_with(prefix)
               && (i == 0 || !ranges[i].starts_with(ranges[i - 1]));
      for (auto& key : keys)
        for (auto& each : {key, key + "zz"})
          good = good
                 && is_in(ranges, each)
                      == (each.starts_with(prefix) && may(should_be, std::string{row.name}, each));
      if (!good) {
        CAPTURE(is.name(), row.name, prefix, ranges);
        CHECK(good);
      }
    }
}

} // namespace

TEST_CASE("rights are what a naive model says, whoever asks for whatever in any access file") {
  auto seed = random_seed();
  std::size_t answers = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    CAPTURE(seed + i);
    random_source random{seed + i};
    auto file = random_file(random);
    auto rules = parse_access(text_of(file));
    for (auto& identity : file.identities) {
      const auto* who = rules->named(identity.name);
      REQUIRE(who != nullptr);
      answers += compare_answers(*who, identity);
      compare_lines(*who, identity);
      check_ranges(*who, identity);
    }
  }
  // Each file, identity, operation, key and owner, and no owner.
  CHECK(answers == 40 * 5 * all_operations.size() * keys.size() * (owners.size() + 1));
}

TEST_CASE("a refusal says which right is missing, and the same for every key") {
  auto rules = parse_access(R"({"identities": {"ci": {"roles": ["r"]}},
    "roles": {"r": [{"keys": "a", "allow": ["read"]}]}})");
  const auto& ci = *rules->named("ci");
  auto no = refuse(ci, {operation::acquire, "a", "ci"});
  REQUIRE(no);
  CHECK(no->why == errc::forbidden);
  CHECK(no->missing == right::acquire);
  CHECK(no->sentence == "the client needs the right acquire for this key");
  CHECK(refuse(ci, {operation::acquire, "b", "ci"})->sentence == no->sentence);
  CHECK(refuse(ci, {operation::shutdown})->missing == right::admin);
  CHECK(refuse(ci, {operation::shutdown})->sentence == "the client needs the right admin");
  // Without the right, the owner does not matter.
  CHECK(refuse(ci, {operation::acquire, "b", "ops"})->why == errc::forbidden);
  CHECK(refuse(ci, {operation::check, "a", "ops"})->why == errc::owner_not_yours);
  auto nobody = refuse(rules->anonymous(), {operation::inspect, "a"});
  REQUIRE(nobody);
  CHECK(nobody->why == errc::unauthenticated);
  CHECK(nobody->sentence
        == "the request needs the right read for this key: send a token, or show a certificate");
  // CAF's nodes have no other credentials.
  CHECK(refuse(rules->caf(), {operation::inspect, "a"})->why == errc::forbidden);
}

TEST_CASE("no limit keeps off what keeps a lock, or gives it back") {
  using enum operation;
  for (auto& row : all_operations) {
    CHECK(row_of(row.what).name == row.name);
    auto keeps = row.what == renew || row.what == release || row.what == lease_renew
                 || row.what == lease_end;
    CHECK(row.is_limited == (!keeps && row.what != health));
  }
}
