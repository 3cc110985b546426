// A request of the first dialect: names are what they may be, and are the same
// when they are encoded and read again.
#include "net/dialects/lock_server_text.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace lockserver;
using fuzz::require;

namespace {

std::string encoded(std::string_view name) {
  constexpr auto digits = "0123456789ABCDEF";
  std::string result;
  for (auto c : name) {
    auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += digits[byte / 16];
    result += digits[byte % 16];
  }
  return result;
}

std::string path_of(const command& x) {
  switch (x.what) {
    case command::verb::lock:
      return "/LOCK/" + encoded(x.key) + "/" + encoded(x.requester);
    case command::verb::unlock:
      return "/UNLOCK/" + encoded(x.key) + "/" + encoded(x.requester);
    case command::verb::verify:
      return "/VERIFY/" + encoded(x.key) + "/" + encoded(x.requester);
    case command::verb::check:
      return "/CHECK/" + encoded(x.key);
    case command::verb::ping:
      return "/PING";
    case command::verb::shutdown:
      return "/SHUTDOWN";
  }
  return "";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const command_limits limits{std::chrono::hours{24}, std::chrono::hours{1}};
  fuzz::input input{data, size};
  auto encoding = input.number(1) == 0 ? name_encoding::percent : name_encoding::lenient;
  auto target = input.rest();
  auto result = parse_command(target, encoding, limits);
  if (auto* wrong = std::get_if<command_error>(&result)) {
    require(wrong->status == 400 || wrong->status == 404, "an error has a status");
    require(fuzz::is_sentence(wrong->reason), "an error is a sentence");
    return 0;
  }
  auto& x = std::get<command>(result);
  require(!methods_of(target).empty(), "what is a command has methods");
  auto has_key = x.what != command::verb::ping && x.what != command::verb::shutdown;
  require(check_name("key", x.key).empty() == has_key, "a key is a name");
  auto has_requester = has_key && x.what != command::verb::check;
  require(check_name("requester", x.requester).empty() == has_requester, "a requester is a name");
  if (x.lock_timeout)
    require(*x.lock_timeout > command::duration::zero()
              && *x.lock_timeout <= limits.max_lock_timeout,
            "times are within their limits");
  if (x.lock_attempt_timeout)
    require(*x.lock_attempt_timeout >= command::duration::zero()
              && *x.lock_attempt_timeout <= limits.max_lock_attempt_timeout,
            "waits are within their limits");
  auto again = parse_command(path_of(x), name_encoding::percent, limits);
  auto* same = std::get_if<command>(&again);
  require(same != nullptr && same->what == x.what && same->key == x.key
            && same->requester == x.requester,
          "a command that is encoded is read as the same");
  return 0;
}
