// Catch2's assertions, of v2 or v3, by one name.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#  include <catch2/catch_all.hpp>
#else
#  include <catch2/catch.hpp>
#endif
