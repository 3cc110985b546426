#include "tests/reliability/checker.hpp"

#include "tests/reliability/facts.hpp"

#include <utility>

namespace reliability {

verdict check(const history& x) {
  facts all{x};
  check_tokens(all);
  check_holds(all);
  check_ended(all);
  check_order(all);
  for (auto& entry : x.left_over)
    all.accuse("left_over", [&] { return "in the end the server still had " + entry; });
  return std::move(all.result);
}

} // namespace reliability
