#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "apps/lockserver_caf/options.hpp"

#include <exception>
#include <iostream>

namespace {

using namespace lockserver::program;

int perform(const options& x) {
  switch (x.what) {
    case command::run:
      return run(x);
    case command::start:
      return start(x);
    case command::stop:
      return stop(x);
    case command::ping:
      return ping(x);
    case command::check:
      return check(x);
    case command::token:
      return token(x);
    case command::access:
      return access(x);
  }
  return static_cast<int>(exit_status::internal);
}

} // namespace

int main(int argc, char* argv[]) {
  auto status = exit_status::internal;
  try {
    auto x = read_options(argc, argv);
    return x ? perform(*x) : static_cast<int>(exit_status::ok);
  } catch (const failure& x) {
    std::cerr << "lockserver-caf: " << x.what() << '\n';
    status = x.status();
  } catch (const std::exception& x) {
    std::cerr << "lockserver-caf: unexpected error: " << x.what() << '\n';
  }
  return static_cast<int>(status);
}
