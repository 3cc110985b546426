// The command that answers questions about an access file.

#include "net/access/access_rules.hpp"

#include "actors/rules/key_name.hpp"
#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "net/access/access_error.hpp"
#include "net/access/access_file.hpp"
#include "net/access/access_text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace lockserver::program {

namespace {

[[noreturn]] void wrong(const std::string& sentence) {
  throw failure{exit_status::usage, sentence};
}

std::shared_ptr<const access_rules> rules_in(const std::string& file) {
  try {
    return parse_access(read_access_file(file));
  } catch (const access_error& x) {
    wrong("the access file " + file + ": " + x.what());
  }
}

right right_of(const access_question& x) {
  if (auto result = right_named(x.right))
    return *result;
  wrong("'" + x.right + "' is not a right: the rights are " + names_of_rights());
}

// The keys for which it has the right, so that a misspelt key or prefix is noticed.
std::string instead(const principal& who, right what) {
  if (!row_of(what).is_about_keys)
    return "";
  auto ranges = who.ranges(what);
  if (ranges.empty())
    return " or any other";
  constexpr std::size_t most = 10;
  std::string result = "; there are lines for keys that begin with ";
  for (std::size_t i = 0; i < ranges.size() && i < most; ++i)
    result += (i == 0 ? "" : ", ") + boost::json::serialize(boost::json::string{ranges[i]});
  return ranges.size() > most ? result + ", ..." : result;
}

} // namespace

int access(const options& x) {
  auto& asked = x.asked;
  if (asked.verb != "check")
    wrong("'" + asked.verb
          + "' is not a command for an access file: use "
            "access FILE check IDENTITY RIGHT [KEY]");
  auto what = right_of(asked);
  if (!row_of(what).is_about_keys && !asked.key.empty())
    wrong(asked.right + " is a right for the whole server: give no key");
  if (row_of(what).is_about_keys)
    if (auto problem = check_name("the key", asked.key); !problem.empty())
      wrong(asked.right + " is a right about keys, and " + problem);
  auto rules = rules_in(asked.file);
  const auto* who = rules->named(asked.identity);
  if (who == nullptr)
    wrong("the access file " + asked.file + " has no identity '" + asked.identity + "'");
  if (const auto* line = who->line_that_gives(what, asked.key)) {
    std::cout << "yes, by " << line->place << ": " << to_string(*line) << '\n';
    return static_cast<int>(exit_status::ok);
  }
  std::cout << "no: no line grants " << asked.right << (asked.key.empty() ? "" : " for this key")
            << instead(*who, what) << '\n';
  return static_cast<int>(exit_status::no);
}

} // namespace lockserver::program
