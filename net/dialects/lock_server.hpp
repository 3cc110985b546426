// The dialect of Lock::Server's protocol. lock_server_text.hpp reads and writes its text.
#pragma once

#include "net/session/dialect.hpp"

namespace lockserver {

class lock_server_dialect final : public dialect {
public:
  reading read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x,
                                            bool client_waits) const override;
  http_content write(const session_reply& x, const asked& what, std::string& out) const override;
};

} // namespace lockserver
