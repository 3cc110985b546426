// The JSON dialect under /v1, with the paths for operators.
#pragma once

#include "net/session/dialect.hpp"

#include <string_view>

namespace lockserver {

class v1_dialect final : public dialect {
public:
  /// Whether a target, or as much of it as is known, belongs to this dialect or seems to.
  static bool serves(std::string_view target) noexcept;

  reading read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x,
                                            bool client_waits) const override;
  /// A refusal is a problem document (RFC 9457).
  http_content write(const session_reply& x, const asked& what, std::string& out) const override;
};

} // namespace lockserver
