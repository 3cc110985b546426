// What the session and connection know of a dialect: it reads requests, and
// writes answers. Each is one class in net/dialects/, without any state.
#pragma once

#include "net/session/http_content.hpp"
#include "net/session/operation.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

struct settings;
struct counts;

/// One whole request. Points into what the client sent.
struct http_request {
  http_version version = http_version::v1_1;
  std::string_view method;
  std::string_view target;
  std::string_view content_type{};
  std::string_view body{};
};

/// What the answer to an acquire request repeats of it.
struct asked {
  std::string key;
  std::string owner;

  friend bool operator==(const asked&, const asked&) = default;
};

/// What `server_info_operation` is answered with.
struct server_info {
  const settings& config;
  const counts& now;
  std::chrono::steady_clock::duration uptime;
};

/// Writes go to `out`, which is empty and which the returned content may point
/// to. A dialect need only write what its requests can be answered with.
class dialect {
public:
  virtual ~dialect() = default;

  /// Reads a request; a bad one is a `refusal`.
  virtual operation read(const http_request& x, const settings& config) const = 0;

  /// Whether any of its requests has a body.
  virtual bool takes_bodies() const noexcept {
    return true;
  }

  /// What is wrong with a request whose body has not come yet, as far as it can
  /// be told: its client may keep the body then.
  virtual std::optional<refusal> refuse_before_body(const http_request& x) const = 0;

  virtual http_content write(const refusal& x, std::string& out) const = 0;
  virtual http_content write(const acquire_reply& x, const asked& what, std::string& out) const;
  virtual http_content write(const release_reply& x, std::string& out) const;
  virtual http_content write(bool x, std::string& out) const;
  virtual http_content write(const lock_info& x, std::string& out) const;
  virtual http_content write(const list_reply& x, std::string& out) const;
  virtual http_content write(const lease_reply& x, std::string& out) const;
  virtual http_content write(const server_info& x, std::string& out) const;

protected:
  dialect() = default;
  dialect(const dialect&) = default;
};

/// The methods that some path has; an unknown one is not worth a look at the path.
inline constexpr std::string_view all_methods
  = "GET, HEAD, POST, PUT, DELETE, LOCK, UNLOCK, OPTIONS";

/// The answer to OPTIONS, or to a method that the path does not have; nothing for
/// all others.
/// @param allowed the path's methods as `Allow` lists them, of static storage;
///        empty if there is no such path.
std::optional<operation> answer_other_method(std::string_view method, std::string_view allowed);

/// The refusal with the outcome's own sentence.
refusal refusal_of(errc x);

/// The refusal of a change that cannot be stored.
/// @param problem why, as a sentence; empty if it could be by now.
refusal store_failed(const std::string& problem);

/// The refusal of a grant so soon after the start.
/// @param seconds until it is soon enough.
refusal restart_grace(unsigned seconds);

} // namespace lockserver
