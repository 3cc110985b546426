// The body of a request as JSON: nothing but `bad_input` is thrown, with a sentence
// that can be shown; and Boost.JSON's own parser takes all that is taken here.
#include "net/dialects/json_members.hpp"

#include "net/dialects/bad_input.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

using namespace lockserver;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    json_members x{text};
    boost::json::error_code ec;
    auto value = boost::json::parse({text.data(), text.size()}, ec);
    require(!ec && value.is_object(), "what is taken is a JSON object");
    auto& object = value.get_object();
    auto owner = x.text("owner");
    auto* known = object.if_contains("owner");
    require(owner.has_value() == (known != nullptr), "a member is there or is not");
    if (owner)
      require(*owner == known->as_string(), "a string is read as it is");
    auto wait = x.integer("wait_ms", 0, 1000);
    if (wait)
      require(*wait >= 0 && *wait <= 1000
                && *wait == object.at("wait_ms").to_number<std::int64_t>(),
              "an integer is within its bounds");
    x.refuse_others("owner, wait_ms");
    require(object.size() == std::size_t{owner.has_value()} + std::size_t{wait.has_value()},
            "no member is passed over");
  } catch (const bad_input& wrong) {
    require(fuzz::is_sentence(wrong.what()), "a complaint is a sentence");
  }
  return 0;
}
