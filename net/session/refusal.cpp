#include "net/session/refusal.hpp"

#include <chrono>
#include <utility>

namespace lockserver {

refusal refusal_of(errc x) {
  refusal result{x, std::string{row_of(x).sentence}};
  if (x == errc::too_many_waits)
    result.retry_after = 1; // the minimum: a wait may end at any moment
  return result;
}

refusal too_many(std::size_t most, const char* what) {
  return {errc::too_many, "this client has " + std::to_string(most) + what};
}

refusal refusal_of(denial&& x) {
  refusal result{x.why, std::move(x.sentence)};
  if (x.missing)
    result.right = row_of(*x.missing).name;
  auto wait = std::chrono::ceil<std::chrono::seconds>(x.retry_after);
  result.retry_after = static_cast<unsigned>(wait.count());
  return result;
}

refusal store_failed(const std::string& problem) {
  if (problem.empty())
    return refusal_of(errc::store_failed);
  return {errc::store_failed, problem + "; nothing has changed"};
}

refusal restart_grace(unsigned seconds) {
  auto result = refusal_of(errc::restart_grace);
  result.reason += "; it grants in " + std::to_string(seconds) + " s";
  result.retry_after = seconds;
  return result;
}

} // namespace lockserver
