// The table of outcomes, and that openapi.yaml describes exactly what is in it.
#include "lockserver/errc.hpp"
#include "net/dialects/openapi_document.hpp"

#include "tests/support/catch.hpp"

#include <map>
#include <regex>
#include <set>
#include <string>

using namespace lockserver;

namespace {

const std::string document{openapi_document};

// The name of each outcome that a server can refuse with, and its status.
std::map<std::string, int> refusals() {
  std::map<std::string, int> result;
  for (auto& x : outcomes)
    if (x.status >= 400)
      result.emplace(x.name, x.status);
  return result;
}

// The words in `text` that look like codes.
std::set<std::string> codes_in(const std::string& text) {
  std::set<std::string> result;
  std::regex word{"[a-z_]+"};
  for (std::sregex_iterator i{text.begin(), text.end(), word}, end; i != end; ++i)
    result.insert(i->str());
  return result;
}

// Calls `visit` with each status and codes that the document names together.
template <class F>
void for_each_described(F visit) {
  std::regex table{R"(\| (\d{3}) \| `([a-z_]+)` \|)"};
  std::regex schema{R"(status: \{const: (\d{3})\}\s+code: \{enum: \[([a-z_, ]+)\]\})"};
  for (auto* form : {&table, &schema})
    for (std::sregex_iterator i{document.begin(), document.end(), *form}, end; i != end; ++i)
      for (auto& code : codes_in((*i)[2]))
        visit(std::stoi((*i)[1]), code);
}

} // namespace

TEST_CASE("openapi.yaml lists the codes in the table of outcomes, and no others") {
  std::smatch found;
  REQUIRE(std::regex_search(document, found,
                            std::regex{R"(Branch on it\.\n +enum:\n((?: +- [a-z_]+\n)+))"}));
  std::set<std::string> expected;
  for (auto& [name, status] : refusals())
    expected.insert(name);
  CHECK(codes_in(found[1]) == expected);
}

TEST_CASE("openapi.yaml gives each code the status in the table of outcomes") {
  auto known = refusals();
  std::map<std::string, int> described;
  for_each_described([&](int status, const std::string& code) {
    INFO(code);
    CHECK(known.at(code) == status);
    described.emplace(code, status);
  });
  CHECK(described == known);
}

TEST_CASE("what shares a name in the HTTP API shares its status and worth") {
  for (auto& x : outcomes) {
    INFO(x.id);
    auto& first = row_of(errc_of(x.name).value());
    CHECK(x.status == first.status);
    CHECK(x.retry == first.retry);
    CHECK(x.exit_status == first.exit_status);
    CHECK(x.condition == first.condition);
  }
}

TEST_CASE("each outcome is a std::error_code with its sentence and condition") {
  CHECK(!std::error_code{errc::ok});
  CHECK(std::error_code{errc::timeout} == std::errc::timed_out);
  CHECK(std::error_code{errc::held} == errc::held);
  CHECK(std::error_code{errc::held} != errc::wait_timeout);
  for (auto& x : outcomes) {
    INFO(x.id);
    std::error_code code = x.code;
    CHECK(code.message() == x.sentence);
    CHECK(code.category().name() == std::string{"lockserver"});
    if (x.condition != std::errc{})
      CHECK(code == x.condition);
  }
}

TEST_CASE("each outcome is found by its text and by its number") {
  for (auto& x : outcomes) {
    errc found{};
    CHECK((from_string(to_string(x.code), found) && found == x.code));
    CHECK((from_integer(static_cast<std::uint8_t>(x.code), found) && found == x.code));
    CHECK(&row_of(x.code) == &x);
  }
  errc untouched = errc::held;
  CHECK(!from_string("of a later release", untouched));
  CHECK(!from_integer(250, untouched));
  CHECK(untouched == errc::held);
  CHECK(row_of(static_cast<errc>(250)).code == errc::internal);
}

TEST_CASE("what a server answers by status alone has a code") {
  CHECK(errc_of_status(400) == errc::bad_request);
  CHECK(errc_of_status(401) == errc::unauthenticated);
  CHECK(errc_of_status(403) == errc::forbidden);
  CHECK(errc_of_status(413) == errc::too_large);
  CHECK(errc_of_status(431) == errc::headers_too_large);
  CHECK(!errc_of_status(999));
}

TEST_CASE("lockctl has an exit status for each outcome") {
  for (auto& x : outcomes) {
    INFO(x.id);
    CHECK(std::set{0, 1, 64, 69, 70, 75}.contains(x.exit_status));
    CHECK((x.exit_status == 0) == (x.code == errc::ok));
  }
}
