// The format of the Authorization field.
#include "net/access/authorization.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace lockserver;

namespace {

const std::string token = "lsk_" + std::string(43, 'A');

// base64 of "ci:" and the token, of ":" and the token: as `printf %s … | base64 -w0` prints it.
const std::string basic_ci = "Y2k6bHNrX0FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const std::string basic_nobody = "Omxza19BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";

std::string complaint(const std::string& value) {
  auto result = read_authorization(value);
  auto* wrong = std::get_if<std::string>(&result);
  return wrong != nullptr ? *wrong : "";
}

credentials good(const std::string& value) {
  CAPTURE(value);
  auto result = read_authorization(value);
  REQUIRE(std::holds_alternative<credentials>(result));
  return std::get<credentials>(result);
}

} // namespace

TEST_CASE("a token may come as Bearer") {
  for (auto scheme : {"Bearer ", "bearer ", "BEARER  "}) {
    auto x = good(scheme + token);
    CHECK(x.token == token);
    CHECK(x.user.empty());
  }
}

TEST_CASE("a token may come as the password of Basic, with a user or without") {
  CHECK(good("Basic " + basic_ci).token == token);
  CHECK(good("Basic " + basic_ci).user == "ci");
  CHECK(good("basic " + basic_nobody).token == token);
  CHECK(good("basic " + basic_nobody).user.empty());
}

TEST_CASE("what is neither Bearer nor Basic is refused") {
  constexpr auto scheme = "the scheme of the Authorization field must be Bearer or Basic";
  for (auto& value : {std::string{}, std::string{" "}, token, "Digest " + token, "Bearer" + token,
                      "Bearer\t" + token, "Basics " + basic_ci})
    CHECK(complaint(value) == scheme);
}

TEST_CASE("what is no token is refused, and not repeated") {
  for (auto& value : {std::string{"Bearer"}, std::string{"Bearer "}, std::string{"Bearer hunter2"},
                      "Bearer " + token + "x", "Bearer " + token + " x", "Bearer " + token + ","}) {
    auto said = complaint(value);
    CHECK(said.starts_with("the value of Authorization: Bearer must be a token, lsk_ and 43 "));
    CHECK(said.find("hunter2") == std::string::npos);
  }
  // user:hunter2, and ci:lsk_…:more
  CHECK(
    complaint("Basic dXNlcjpodW50ZXIy").starts_with("the password of Authorization: Basic must "));
}

TEST_CASE("what is not exactly base64 is refused") {
  constexpr auto base64 = "the value of Authorization: Basic is not base64";
  for (auto& value : {basic_ci.substr(1), basic_ci + "=", basic_ci + "====",
                      "=" + basic_ci.substr(1), basic_ci.substr(0, 4) + "\n" + basic_ci.substr(5),
                      basic_ci.substr(0, 4) + " " + basic_ci.substr(5),
                      basic_ci.substr(0, 4) + "-" + basic_ci.substr(5), std::string{"="},
                      std::string{"===="}, std::string{"Y2k"}})
    CHECK(complaint("Basic " + value) == base64);
  CHECK(complaint("Basic ").starts_with("Authorization: Basic has no password"));
  CHECK(complaint("Basic Y2k=").starts_with("Authorization: Basic has no password")); // ci
  CHECK(complaint("Basic Og==").starts_with("the password of"));                      // :
}

TEST_CASE("a field that is longer than any right one is refused") {
  CHECK(complaint("Bearer " + std::string(max_authorization - 7, 'a'))
          .starts_with("the value of Authorization: Bearer must"));
  CHECK(complaint("Bearer " + std::string(max_authorization - 6, 'a'))
        == "the Authorization field is longer than 1024 bytes");
}
