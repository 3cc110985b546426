// What the session and connection know of a dialect: it reads requests, and
// writes answers. Each is one class in net/dialects/, without any state.
#pragma once

#include "net/session/http_content.hpp"
#include "net/session/reply.hpp"
#include "net/session/request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

struct settings;

/// One whole request. Points into what the client sent.
struct http_request {
  http_version version = http_version::v1_1;
  std::string_view method;
  std::string_view target;
  std::string_view content_type{};
  std::string_view body{};
};

/// What a client sent: a request; or what is answered, or refused, without asking anyone.
/// That content is of static storage.
using reading = std::variant<session_request, http_content, refusal>;

/// What the answer to a request repeats of it.
struct asked {
  std::string_view key;
  std::string_view owner;
};

class dialect {
public:
  virtual ~dialect() = default;

  virtual reading read(const http_request& x, const settings& config) const = 0;

  /// What is wrong with a request whose body has not come yet, as far as it can
  /// be told.
  /// @param client_waits for this: it may keep the body then. If not, only what no
  ///        body makes good is refused.
  virtual std::optional<refusal> refuse_before_body(const http_request& x,
                                                    bool client_waits) const = 0;

  /// Writes to `out`, which is empty and which the returned content may point to.
  virtual http_content write(const session_reply& x, const asked& what, std::string& out) const = 0;

protected:
  dialect() = default;
  dialect(const dialect&) = default;
};

} // namespace lockserver
