// The first dialect: Lock::Server's protocol, whose text is read and written
// by lock_server_text.hpp.
#pragma once

#include "net/session/dialect.hpp"

namespace lockserver {

class lock_server_dialect final : public dialect {
public:
  operation read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x) const override;

  bool takes_bodies() const noexcept override {
    return false;
  }

  using dialect::write;
  http_content write(const refusal& x, std::string& out) const override;
  http_content write(const acquire_reply& x, const asked& what, std::string& out) const override;
  http_content write(const release_reply& x, std::string& out) const override;
  http_content write(bool x, std::string& out) const override;
};

} // namespace lockserver
