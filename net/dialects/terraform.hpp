// Terraform's and OpenTofu's HTTP backend, as far as it locks.
#pragma once

#include "net/session/dialect.hpp"

namespace lockserver {

/// `LOCK` and `UNLOCK` (or `POST` or `PUT`, and `DELETE`) on /terraform/{key},
/// where slashes belong to the key as they are. The body is what Terraform says
/// of the lock: a JSON object with an `ID`, which is the owner here. It is kept as
/// the lock's metadata, and is what others get to see while the key is held. The
/// key is the same as in the other dialects.
class terraform_dialect final : public dialect {
public:
  reading read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x,
                                            bool client_waits) const override;
  http_content write(const session_reply& x, const asked& what, std::string& out) const override;
};

} // namespace lockserver
