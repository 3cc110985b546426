#include "tests/faults/failing_new.hpp"

#include "net/io/io_thread.hpp"

#include <atomic>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>

namespace test {

namespace {

std::atomic<std::uint64_t> countdown{0}; // 0: none fails
std::atomic<fault> kind{fault::bad_alloc};
std::atomic<bool> thrown{false};

[[noreturn]] void fail() {
  thrown = true;
  switch (kind.load()) {
    case fault::bad_alloc:
      break;
    case fault::length_error:
      throw std::length_error{"made to fail"};
    case fault::system_error:
      throw std::system_error{std::make_error_code(std::errc::no_buffer_space)};
  }
  throw std::bad_alloc{};
}

} // namespace

void fail_allocation(std::uint64_t n, fault what) {
  kind = what;
  thrown = false;
  countdown = n;
}

bool stop_failing() {
  countdown = 0;
  return thrown;
}

} // namespace test

void* operator new(std::size_t size) {
  using test::countdown;
  if (countdown.load(std::memory_order_relaxed) != 0 && lockserver::io_thread::current() != nullptr
      && countdown.fetch_sub(1) == 1)
    test::fail();
  if (auto* result = std::malloc(size))
    return result;
  throw std::bad_alloc{};
}

// What asks for none has its own way to go on without.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}

void operator delete(void* x) noexcept {
  std::free(x);
}

void operator delete(void* x, std::size_t) noexcept {
  std::free(x);
}
