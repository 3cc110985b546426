// Path and query of a target: names are what they may be, and nothing but
// `bad_input` is thrown.
#include "net/dialects/target.hpp"

#include "actors/rules/key_name.hpp"
#include "net/dialects/bad_input.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace lockserver;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  target_parts parts{text};
  require(parts.path().size() + parts.query().size() <= text.size(), "the parts are in the target");
  require(parts.path().find('?') == std::string_view::npos, "a path ends at the query");
  try {
    if (auto key = parts.name_behind("/v1/locks/", "key"))
      require(check_name("key", *key).empty(), "a key is a name");
  } catch (const bad_input& wrong) {
    require(fuzz::is_sentence(wrong.what()), "a complaint is a sentence");
  }
  try {
    query_parameters query{parts.query(), "owner, prefix, token, force"};
    if (auto owner = query.name("owner"))
      require(check_name("owner", *owner).empty(), "an owner is a name");
    if (auto prefix = query.name_or_empty("prefix"); !prefix.empty())
      require(check_name("prefix", prefix).empty(), "a prefix is a name");
    if (auto token = query.integer("token", 1, 1000))
      require(*token >= 1 && *token <= 1000, "an integer is within its bounds");
    query.flag("force");
  } catch (const bad_input& wrong) {
    require(fuzz::is_sentence(wrong.what()), "a complaint is a sentence");
  }
  return 0;
}
