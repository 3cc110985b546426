// Checks that tokens grow.
#include "tests/reliability/facts.hpp"

#include <algorithm>

namespace reliability {

void check_tokens(facts& all) {
  struct known_token {
    time_point since{};
    std::uint64_t token = 0;
    const operation* by = nullptr;
  };
  std::vector<known_token> known;
  for (auto& op : all.all.operations)
    for_each_token(op, [&](std::uint64_t token, const std::string&) {
      known.push_back({op.answered, token, &op});
    });
  std::sort(known.begin(), known.end(), [](auto& a, auto& b) { return a.since < b.since; });

  std::vector<const known_grant*> grants;
  for (auto& [token, grant] : all.grants)
    grants.push_back(&grant);
  std::sort(grants.begin(), grants.end(), [](auto* a, auto* b) { return a->sent < b->sent; });

  const known_token* greatest = nullptr;
  auto next = known.begin();
  for (auto* grant : grants) {
    for (; next != known.end() && next->since < grant->sent; ++next)
      if (greatest == nullptr || next->token > greatest->token)
        greatest = &*next;
    if (greatest != nullptr && grant->by->token <= greatest->token)
      all.accuse("tokens", [&] {
        return all.text(*grant->by) + " was asked for after " + all.text(*greatest->by)
               + " had told of token " + std::to_string(greatest->token) + ", which is not smaller";
      });
  }
}

} // namespace reliability
