// Converts the requests of the JSON dialect (/v1) from C++ values to HTTP. Pure: no input
// or output.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/client_types.hpp"
#include "net/client/http_call.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver::v1 {

/// A request, and how to treat it.
struct request {
  http_call call{};
  /// A sentence that says what is wrong with its input, or empty. A wrong request must
  /// not be sent.
  std::string wrong{};
  /// Whether sending it twice has the same effect as sending it once.
  bool repeatable = false;
  /// How long the server may let it wait; none: the server's default.
  std::optional<std::chrono::milliseconds> wait = std::chrono::milliseconds{0};
};

/// Not repeatable without a `request_id`.
request acquire(std::string_view key, std::string_view owner,
                const client::acquire_options& options);

/// @param token 0: any grant of the owner.
/// @param ttl none: the server's default.
request renew(std::string_view key, std::string_view owner, std::uint64_t token,
              std::optional<std::chrono::milliseconds> ttl);

/// Not repeatable here: without a token, a repeat might end a later grant; with one, the
/// answer must be read as the answer to a repeat.
/// @param token 0: any grant of the owner.
request release(std::string_view key, std::string_view owner, std::uint64_t token);

request force_release(std::string_view key);
request inspect(std::string_view key);
request list(const client::list_options& options);

/// @param owner empty: anyone who knows the id may use the lease.
request create_lease(std::optional<std::chrono::milliseconds> ttl, std::string_view owner);
request renew_lease(std::string_view id);
request inspect_lease(std::string_view id, const client::lease_page& page);
request end_lease(std::string_view id);

request server();

/// Asks who the client is to the server, and what it may do.
request access();

/// Asks whether there is a server.
request ping();

/// The options for a later try of an acquire that began `elapsed` ago, with the rest of
/// its wait.
client::acquire_options remaining(client::acquire_options options,
                                  std::chrono::nanoseconds elapsed);

} // namespace lockserver::v1
