// The body of a request as JSON, read strictly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// Throws `bad_input` (415) unless a body of this type is JSON.
void require_json(std::string_view content_type);

/// The members of one JSON object. Each is taken by its name and type; in the
/// end none may be left, so that a misspelt one is refused and not ignored.
/// Every complaint is a `bad_input` that names the member.
class json_members {
public:
  /// Those of no body.
  json_members() = default;

  /// Reads `text`: one object whose members are strings, numbers, true or
  /// false; each name once.
  explicit json_members(std::string_view text);

  /// The string, if it is there.
  std::optional<std::string> text(std::string_view name);

  /// The integer, if it is there; it must be within the bounds.
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);

  /// Complains about a member that has not been taken.
  /// @param known the names that there are, for the sentence.
  void refuse_others(std::string_view known) const;

private:
  friend struct json_handler;
  struct other {
    std::string_view type; ///< "null", "an array" …
  };
  using value = std::variant<std::string, std::int64_t, other>;

  std::optional<value> take(std::string_view name);

  std::map<std::string, value, std::less<>> members_;
};

} // namespace lockserver
