// Seeds of randomised tests: a new one each time, unless one is given.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace lockserver::test {

/// The environment variable LOCKSERVER_TEST_SEED, or else a random number. Print it with
/// CAPTURE, so that a failure can be repeated.
inline std::uint64_t random_seed() {
  if (auto* text = std::getenv("LOCKSERVER_TEST_SEED"))
    return std::stoull(text);
  std::random_device device;
  return device();
}

/// Random numbers for tests.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {
  }

  /// A number from 0 to `n - 1`.
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(engine_);
  }

private:
  std::mt19937_64 engine_;
};

} // namespace lockserver::test
