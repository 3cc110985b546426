#include "net/access/token.hpp"

#include "tests/support/catch.hpp"

#include <set>
#include <string>

using namespace lockserver;

TEST_CASE("a token is lsk_ and 43 characters of base64url, another each time") {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) {
    auto x = make_token();
    CHECK(x.size() == 47);
    CHECK(is_token(x));
    CHECK(x.find_first_of("+/=") == std::string::npos);
    all.insert(x);
  }
  CHECK(all.size() == 100);
}

TEST_CASE("what does not look like a token is none") {
  std::string good = "lsk_" + std::string(43, 'a');
  CHECK(is_token(good));
  CHECK(is_token("lsk_-_" + std::string(41, '0')));
  for (auto& bad : {std::string{}, good.substr(1), good + 'a', "LSK_" + std::string(43, 'a'),
                    "lsk_+" + std::string(42, 'a'), "lsk_" + std::string(42, 'a') + '=',
                    "lsk_" + std::string(42, 'a') + '\0'})
    CHECK(!is_token(bad));
}

// FIPS 180-4; what `printf %s abc | sha256sum` prints.
TEST_CASE("a token is known by its SHA-256") {
  constexpr auto abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(to_string(hash_of("abc")) == abc);
  CHECK(read_token_hash(abc) == hash_of("abc"));
  CHECK(hash_of("abd") != hash_of("abc"));
  CHECK(!read_token_hash("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(!read_token_hash(""));
}

TEST_CASE("secrets are the same when all their bytes are") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("abc", "abc"));
  CHECK(!same_secret("abc", "abd"));
  CHECK(!same_secret("abc", "ab"));
  CHECK(!same_secret("", "a"));
}
