// Limits for one request, in every protocol.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockserver {

/// Longest `request_id`, in bytes: enough for any UUID.
inline constexpr std::size_t max_request_id = 64;

/// Longest `metadata`, in bytes: a line or two of text. A server may have to store a
/// million of them.
inline constexpr std::size_t max_metadata = 1024;

/// Keys on a page of a list: by default, and at most.
inline constexpr std::int64_t default_page = 100;
inline constexpr std::int64_t max_page = 1000;

} // namespace lockserver
