// Authorization fields: an accepted one has a token in the right form, and the sentence for
// a refused one contains nothing of the field.
#include "net/access/authorization.hpp"

#include "net/access/token.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

using namespace lockserver;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto read = read_authorization(text);
  if (auto* wrong = std::get_if<std::string>(&read)) {
    require(fuzz::is_sentence(*wrong), "what is wrong is a sentence");
    // A fixed set of sentences contains nothing of the field.
    static std::set<std::string> all;
    all.insert(*wrong);
    require(all.size() <= 6, "there are six sentences");
    return 0;
  }
  auto& x = std::get<credentials>(read);
  require(text.size() <= max_authorization, "a field is bounded");
  require(is_token(x.token), "a token looks like one");
  require(x.user.find(':') == std::string::npos, "a user has no colon");
  require(x.user.size() + x.token.size() <= text.size(), "nothing is added");
  auto again = read_authorization("Bearer " + x.token);
  require(std::get<credentials>(again).token == x.token, "a token is the same as Bearer");
  return 0;
}
