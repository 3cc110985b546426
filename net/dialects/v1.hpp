// The second dialect: JSON under /v1, and the paths for operators beside it.
#pragma once

#include "net/session/dialect.hpp"

#include <boost/json/fwd.hpp>

namespace lockserver {

class v1_dialect final : public dialect {
public:
  operation read(const http_request& x, const settings& config) const override;
  std::optional<refusal> refuse_before_body(const http_request& x) const override;

  using dialect::write;
  http_content write(const refusal& x, std::string& out) const override;
  http_content write(const acquire_reply& x, const asked& what, std::string& out) const override;
  http_content write(const release_reply& x, std::string& out) const override;
  http_content write(const lock_info& x, std::string& out) const override;
  http_content write(const list_reply& x, std::string& out) const override;
  http_content write(const lease_reply& x, std::string& out) const override;
  http_content write(const server_info& x, std::string& out) const override;
};

/// A problem document (RFC 9457).
/// @param more members beside the usual ones, or null.
http_content write_problem(const refusal& x, std::string& out,
                           const boost::json::object* more = nullptr);

} // namespace lockserver
