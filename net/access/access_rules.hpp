// The content of an access file: identities and their rights. Knows neither files nor
// requests.
#pragma once

#include "net/access/certificate_names.hpp"
#include "net/access/principal.hpp"
#include "net/access/token.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// An identity of an access file.
struct identity {
  principal who;
  std::vector<token_hash> tokens{};
  std::vector<std::string> certificates{}; ///< Patterns, in their normal form.
};

/// Immutable, so all threads may use it; shared by `std::shared_ptr<const access_rules>`.
/// A pointer to a principal is valid as long as the rules.
class access_rules {
public:
  /// @pre no two identities have the same name, token or certificate pattern
  access_rules(std::vector<identity> identities, principal anonymous, principal caf);

  access_rules(const access_rules&) = delete;
  access_rules& operator=(const access_rules&) = delete;

  /// The rules of a server without an access file: every client may do everything as any
  /// owner, and no credentials are verified.
  static std::shared_ptr<const access_rules> open();

  bool is_open() const noexcept {
    return is_open_;
  }

  /// A number that is unique in this process.
  std::uint64_t generation() const noexcept {
    return generation_;
  }

  const principal& anonymous() const noexcept {
    return anonymous_;
  }
  const principal& caf() const noexcept {
    return caf_;
  }

  /// The identity with that name (also `anonymous` and `caf`), or null.
  const principal* named(std::string_view name) const noexcept;

  /// The identity with a token of this hash, or null. The time does not depend on the
  /// result.
  const principal* with_token(const token_hash& hash) const noexcept;

  /// The identity of the certificate; null if it matches none, or several.
  const principal* with_certificate(const peer_names& x) const;

private:
  std::vector<std::unique_ptr<const principal>> identities_; // by name
  std::vector<std::pair<token_hash, const principal*>> tokens_;
  std::map<std::string, const principal*, std::less<>> certificates_;
  principal anonymous_;
  principal caf_;
  std::uint64_t generation_;
  bool is_open_ = false;
};

} // namespace lockserver
