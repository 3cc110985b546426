// What the client library writes, the server reads as the same.
#include "actors/rules/key_name.hpp"
#include "net/client/v1_request.hpp"
#include "net/dialects/json_members.hpp"
#include "net/dialects/target.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace lockserver;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input input{data, size};
  auto key_size = 256 * input.number(2) + input.number(255);
  auto text = input.rest();
  auto key = text.substr(0, key_size);
  auto owner = text.substr(key.size());
  auto good = check_name("key", key).empty() && check_name("owner", owner).empty();

  auto release = v1::release(key, owner, 7);
  require(release.wrong.empty() == good, "the client refuses what the server would");
  auto acquire = v1::acquire(key, owner, {});
  require(acquire.wrong.empty() == good, "the client refuses what the server would");
  if (!good)
    return 0;
  target_parts target{release.call.target};
  require(target.name_behind("/v1/locks/", "key") == key, "the key is the same");
  query_parameters query{target.query(), "owner, token"};
  require(query.name("owner") == owner, "the owner is the same");
  require(query.integer("token", 1, 9) == 7, "the token is the same");
  json_members body{acquire.call.body};
  require(body.text("owner") == owner, "the owner is the same in JSON");
  return 0;
}
