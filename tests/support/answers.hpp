// Lets Catch2 print the client library's answers.
#pragma once

#include "lockserver/client_error.hpp"
#include "tests/support/catch.hpp"

#include <string>

/// Printed when an assertion fails.
template <class T>
struct Catch::StringMaker<boost::system::result<T, lockserver::client::problem>> {
  static std::string convert(const boost::system::result<T, lockserver::client::problem>& x) {
    if (x)
      return "a result";
    auto why = x.error();
    return why.code.message() + " (" + why.detail + ")";
  }
};

template <>
struct Catch::StringMaker<lockserver::client::problem> {
  static std::string convert(const lockserver::client::problem& x) {
    return x.code.message() + " (" + x.detail + ")";
  }
};
