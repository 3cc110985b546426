// The second dialect: JSON under /v1, and the paths for operators beside it.
#pragma once

#include "net/session/dialect.hpp"

#include <string_view>

namespace lockserver {

class v1_dialect final : public dialect {
public:
  /// Whether a target (as much of it as is known) is one of this dialect, or looks so.
  static bool serves(std::string_view target) noexcept;

  reading read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x,
                                            bool client_waits) const override;
  /// A refusal is a problem document (RFC 9457).
  http_content write(const session_reply& x, const asked& what, std::string& out) const override;
};

} // namespace lockserver
