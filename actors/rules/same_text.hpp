// Comparison of words of HTTP, in which case does not matter.
#pragma once

#include <boost/url/grammar/ci_string.hpp>

namespace lockserver {

/// Whether `a` and `b` differ at most in the case of ASCII letters. Not Beast's
/// `iequals`, which in 1.81 reads a byte behind the end of texts that do.
inline bool same_text(boost::core::string_view a, boost::core::string_view b) noexcept {
  return boost::urls::grammar::ci_is_equal(a, b);
}

} // namespace lockserver
