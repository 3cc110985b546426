// What the client library makes of an answer's JSON: a result or a problem,
// whatever comes, and never an exception.
#include "net/client/v1_answer.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace lockserver;
using fuzz::require;

namespace {

template <class T>
void check(const client::answer<T>& x) {
  require(x || x.error().code, "there is a result or a problem");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr unsigned statuses[] = {200, 200, 200, 400, 409, 410, 423,
                                   429, 500, 503, 204, 302, 401, 403};
  fuzz::input input{data, size};
  exchange_result x;
  x.status = statuses[input.number(13)];
  auto what = input.number(8);
  x.answered = x.sent = true;
  x.body = input.rest();
  switch (what) {
    case 0:
      check(v1::read_grant(x, "server", {"key", "me", {}}));
      break;
    case 1:
      check(v1::read_release(x, "server"));
      break;
    case 2:
      check(v1::read_released(x, "server"));
      break;
    case 3:
      check(v1::read_lock(x, "server", "key"));
      break;
    case 4:
      check(v1::read_page(x, "server", ""));
      break;
    case 5:
      check(v1::read_lease(x, "server", "ab"));
      break;
    case 6:
      check(v1::read_lease_info(x, "server", "ab"));
      break;
    case 7:
      check(v1::read_server(x, "server"));
      break;
    default:
      check(v1::read_access(x, "server"));
  }
  return 0;
}
