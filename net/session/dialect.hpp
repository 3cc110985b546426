// The interface of a dialect for session and connection: it reads requests and writes
// answers. Each dialect is a stateless class in net/dialects/.
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

/// One complete request. It points into the client's data.
struct http_request {
  http_version version = http_version::v1_1;
  std::string_view method;
  std::string_view target;
  std::string_view content_type{};
  std::string_view body{};
};

/// The result of reading: a request for the session, or an answer or a refusal that needs
/// no actor. The answer's content has static storage.
using reading = std::variant<session_request, http_content, refusal>;

/// The parts of a request that its answer repeats.
struct asked {
  std::string_view key;
  std::string_view owner;
};

class dialect {
public:
  virtual ~dialect() = default;

  virtual reading read(const http_request& x, const settings& config) const = 0;

  /// Refuses a request before its body has arrived, as far as that is possible.
  /// @param client_waits whether the client waits for permission to send the body. If it
  ///        does not, this refuses only what no body could make right.
  virtual std::optional<refusal> refuse_before_body(const http_request& x,
                                                    bool client_waits) const = 0;

  /// Writes to `out`, which is empty. The returned content may point into it.
  virtual http_content write(const session_reply& x, const asked& what, std::string& out) const = 0;

protected:
  dialect() = default;
  dialect(const dialect&) = default;
};

} // namespace lockserver
