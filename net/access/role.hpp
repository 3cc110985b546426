// A role: a list of lines with rights. Knows neither identities nor files.
#pragma once

#include "net/access/prefix_set.hpp"
#include "net/access/right.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

struct access_line {
  std::string place;               ///< In the file: "roles.deployer[0]".
  std::optional<std::string> keys; ///< A prefix of keys; none: for the whole server.
  right_set allow;                 ///< As in the file, without included rights.
};

/// In the form of the file: `{"keys": "deploy/", "allow": ["acquire"]}`.
std::string to_string(const access_line& x);

/// It grants the rights of all its lines together. Their order does not matter, and no line
/// revokes a right. Immutable, so all threads may use it.
class role {
public:
  role(std::string name, std::vector<access_line> lines);

  const std::string& name() const noexcept {
    return name_;
  }
  const std::vector<access_line>& lines() const noexcept {
    return lines_;
  }

  /// Whether it grants the right: for `key`, if the right is about keys.
  bool gives(right what, std::string_view key) const noexcept;

  /// The keys for which it grants the right. @pre `what` is about keys
  const prefix_set& keys(right what) const noexcept {
    return keys_[static_cast<std::size_t>(what)];
  }

  /// The first line that grants the right, or null. Takes O(n).
  const access_line* line_that_gives(right what, std::string_view key) const noexcept;

private:
  std::string name_;
  std::vector<access_line> lines_;
  std::array<prefix_set, key_rights> keys_;
  right_set server_;
};

} // namespace lockserver
