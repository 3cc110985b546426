// Access files: all questions to an accepted file have consistent answers, and a refused
// file has a sentence.
#include "net/access/access_error.hpp"
#include "net/access/access_text.hpp"
#include "net/access/permission.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace lockserver;
using fuzz::require;

namespace {

// Keys from the file itself, because random keys would seldom have one of its prefixes.
void check(const principal& who, const std::string& key) {
  for (auto& row : all_rights) {
    const auto* line = who.line_that_gives(row.what, key);
    require(who.may(row.what, key) == (line != nullptr), "a right has a line that gives it");
    require(line == nullptr || (line->allow.gives(row.what) && to_string(*line).size() > 2),
            "the line allows it");
    if (!row.is_about_keys)
      continue;
    auto ranges = who.ranges(row.what, key);
    require(who.may_some(row.what, key) == !ranges.empty(), "who may something has a range");
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      require(ranges[i].starts_with(key), "a range is below what was asked for");
      require(who.may(row.what, ranges[i]), "no range has a key that is forbidden");
      require(i == 0 || (ranges[i - 1] < ranges[i] && !ranges[i].starts_with(ranges[i - 1])),
              "ranges are disjoint and in order");
    }
    require(!who.may(row.what, key) || (ranges.size() == 1 && ranges[0] == key),
            "what is allowed is one range");
  }
  require(!who.may(right::acquire, key) || who.may(right::read, key), "who may take may read");
  for (auto& row : all_operations)
    if (auto no = refuse(who, {row.what, key, key}))
      require(fuzz::is_sentence(no->sentence), "a refusal is a sentence");
}

void check(const principal& who) {
  check(who, "");
  check(who, who.name());
  for (auto& role : who.roles())
    for (auto& line : role->lines())
      if (line.keys) {
        check(who, *line.keys);
        check(who, *line.keys + "a");
      }
  for (auto& x : who.owners().patterns())
    require(who.owners().allow(x.substr(0, x.find('*'))), "a pattern allows itself");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  std::shared_ptr<const access_rules> rules;
  try {
    rules = parse_access(text);
  } catch (const access_error& wrong) {
    require(fuzz::is_sentence(wrong.what()), "a complaint is a sentence");
    return 0;
  }
  check(rules->anonymous());
  check(rules->caf());
  for (auto name : {"ci", "ops", "a"})
    if (const auto* who = rules->named(name))
      check(*who);
  require(rules->with_token(hash_of("lsk_")) == nullptr, "nobody has a token that is none");
  return 0;
}
