// Identifies the client of a connection. Knows no sockets, no TLS and no time.
#pragma once

#include "net/access/access_rules.hpp"
#include "net/access/authorization.hpp"
#include "net/access/certificate_names.hpp"
#include "net/access/denial.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace lockserver {

/// Each connection has one. It remembers the Authorization field that it verified, so the
/// next request with the same field and the same rules costs only a comparison.
class authenticator {
public:
  /// The client, valid as long as the rules; or why it is not identified.
  using answer = std::variant<const principal*, denial>;

  authenticator() = default;
  authenticator(const authenticator&) = delete;
  authenticator& operator=(const authenticator&) = delete;
  ~authenticator();

  /// The client has a certificate with these names, which TLS has verified.
  /// @pre called at most once, before `who`
  void certificate(peer_names x) {
    certificate_ = std::make_unique<const peer_names>(std::move(x));
  }

  /// The client of a request with this field. A client without credentials is anonymous. A
  /// certificate and a token must belong to the same identity.
  /// @param is_private whether nobody else can read the request: it came over TLS, or from
  ///        this machine
  answer who(const access_rules& rules, const authorization_field& field, bool is_private);

  /// The client by what it has shown so far: for a request under way when the rules change.
  answer again(const access_rules& rules);

  /// Whether `who` would verify a token. The caller prevents that after too many wrong ones.
  bool would_verify(const access_rules& rules, const authorization_field& field) const noexcept {
    return !rules.is_open() && field.count > 0 && !remembers(rules, field);
  }

private:
  bool remembers(const access_rules& rules, const authorization_field& field) const noexcept;
  answer verify(const access_rules& rules, const authorization_field& field, bool is_private);
  void forget() noexcept;

  std::unique_ptr<const peer_names> certificate_;
  std::uint64_t generation_ = 0; // of the rules of the next two
  const principal* by_certificate_ = nullptr;
  const principal* by_field_ = nullptr;
  std::string field_; // verified; contains a secret
};

} // namespace lockserver
