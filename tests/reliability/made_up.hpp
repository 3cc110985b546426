// Makes histories for the tests of the checker. Times are milliseconds.
#pragma once

#include "tests/reliability/checker.hpp"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace reliability::made_up {

inline time_point at(int x) {
  return time_point{} + std::chrono::milliseconds{x};
}

inline operation op(action what, std::string owner, int from, int to, outcome result,
                    std::uint64_t token = 0) {
  operation x;
  x.what = what;
  x.key = "k";
  x.owner = std::move(owner);
  x.invoked = at(from);
  x.answered = at(to);
  x.result = result;
  x.token = token;
  return x;
}

/// A grant for 100 ms by default.
inline operation granted(std::string owner, int from, int to, std::uint64_t token, int ttl = 100) {
  auto x = op(action::acquire, std::move(owner), from, to, outcome::ok, token);
  x.ttl = std::chrono::milliseconds{ttl};
  x.until = x.invoked + x.ttl;
  return x;
}

inline operation renewed(std::string owner, int from, int to, std::uint64_t token, int ttl = 100) {
  auto x = granted(std::move(owner), from, to, token, ttl);
  x.what = action::renew;
  return x;
}

inline operation released(std::string owner, int from, int to, std::uint64_t token) {
  return op(action::release, std::move(owner), from, to, outcome::ok, token);
}

/// The server answers that the owner does not hold the key.
inline operation not_holder(action what, std::string owner, int from, int to, std::uint64_t token,
                            int ttl = 100) {
  auto x = op(what, std::move(owner), from, to, outcome::refused, token);
  x.reason = "not_holder";
  x.ttl = std::chrono::milliseconds{ttl};
  return x;
}

inline operation timed_out(std::string owner, int from, int to) {
  auto x = op(action::acquire, std::move(owner), from, to, outcome::refused);
  x.wait = at(to) - at(from);
  x.reason = "wait_timeout";
  return x;
}

/// There was no answer.
inline operation lost(action what, std::string owner, int from, std::uint64_t token = 0,
                      int ttl = 100) {
  auto x = op(what, std::move(owner), from, 0, outcome::unknown, token);
  x.answered = never;
  x.ttl = std::chrono::milliseconds{ttl};
  return x;
}

inline operation seen(int from, int to, std::vector<shown_holder> holders,
                      std::vector<std::string> queue = {}) {
  auto x = op(action::verify, "onlooker", from, to, outcome::ok);
  x.shows_holders = true;
  x.holders = std::move(holders);
  x.queue = std::move(queue);
  return x;
}

inline operation on(std::string key, operation x) {
  x.key = std::move(key);
  return x;
}

inline operation with_id(std::string request_id, operation x) {
  x.request_id = std::move(request_id);
  return x;
}

/// The operation on a semaphore of two.
inline operation of_two(operation x) {
  x.limit = 2;
  return x;
}

inline history of(std::initializer_list<operation> x) {
  history result;
  result.operations = x;
  return result;
}

/// The server was killed at `death` and started again 10 ms later.
inline history killed_at(int death, std::initializer_list<operation> x) {
  auto result = of(x);
  result.lives = {{at(-10), at(death)}, {at(death + 10), never}};
  return result;
}

/// The rules that a history violates, in the order of the checks, each once.
inline std::vector<std::string> broken_rules(const history& x) {
  std::vector<std::string> result;
  for (auto& violation : check(x).violations)
    if (result.empty() || result.back() != violation.rule)
      result.push_back(violation.rule);
  return result;
}

} // namespace reliability::made_up
