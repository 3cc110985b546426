// The command that makes a token.

#include "net/access/token.hpp"

#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "net/access/access_text.hpp"

#include <iostream>

namespace lockserver::program {

// The two lines on standard output are for programs, the hint is for people. The token is
// stored nowhere.
int token(const options& x) {
  if (auto wrong = check_identity_name(x.named); !wrong.empty())
    throw failure{exit_status::usage, "'" + x.named + "' cannot be an identity: " + wrong};
  auto secret = make_token();
  std::cout << secret << '\n' << to_string(hash_of(secret)) << std::endl;
  if (!std::cout)
    throw failure{exit_status::cannot_create, "the token could not be written"};
  std::cerr << "The first line is the token of " << x.named
            << ": keep it secret, it is not shown again.\n"
               "Write the second line into \"tokens\" of that identity in the access file.\n";
  return static_cast<int>(exit_status::ok);
}

} // namespace lockserver::program
