#include "apps/lockctl/commands.hpp"
#include "apps/lockctl/failure.hpp"
#include "apps/lockctl/options.hpp"
#include "apps/lockctl/output.hpp"
#include "apps/lockctl/printable.hpp"

#include <exception>
#include <iostream>
#include <stdexcept>

int main(int argc, char* argv[]) {
  using namespace lockserver::lockctl;
  try {
    prepare_output();
    auto x = read_options(argc, argv);
    auto status = x ? perform(*x) : 0;
    flush_output();
    return status;
  } catch (const failure& x) {
    std::cerr << "lockctl: " << x.what() << '\n';
    return static_cast<int>(x.status());
  } catch (const std::invalid_argument& x) { // an invalid owner or host
    std::cerr << "lockctl: " << printable(x.what()) << '\n';
    return static_cast<int>(exit_status::usage);
  } catch (const std::exception& x) {
    std::cerr << "lockctl: unexpected error: " << printable(x.what()) << '\n';
    return static_cast<int>(exit_status::lost);
  }
}
