// The locks of Terraform's and OpenTofu's HTTP backend.
#pragma once

#include "net/session/dialect.hpp"

namespace lockserver {

/// `LOCK` and `UNLOCK` (or `POST` or `PUT`, and `DELETE`) on /terraform/{key}. Slashes
/// belong to the key and are not encoded. The body is Terraform's description of the
/// lock: a JSON object with an `ID`, which becomes the owner. The body is stored as the
/// lock's metadata, and is sent to others while the key is held. The keys are shared with
/// the other dialects.
class terraform_dialect final : public dialect {
public:
  reading read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x,
                                            bool client_waits) const override;
  http_content write(const session_reply& x, const asked& what, std::string& out) const override;
};

} // namespace lockserver
