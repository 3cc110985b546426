// Reads the body of a request as JSON, strictly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// Throws `bad_input` (415) unless this type is JSON.
void require_json(std::string_view content_type);

/// The members of one JSON object. The caller takes each by name and type. None may be
/// left in the end, so that a misspelt member is refused and not ignored. Every error is
/// a `bad_input` that names the member.
class json_members {
public:
  /// An empty body: no members.
  json_members() = default;

  /// Reads `text`: one object with unique names. The values are strings, numbers, true or
  /// false.
  explicit json_members(std::string_view text);

  /// Takes the string, if it is there.
  std::optional<std::string> text(std::string_view name);

  /// Takes the integer, if it is there. It must be within the bounds.
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);

  /// Throws if a member has not been taken.
  /// @param known the allowed names, for the sentence.
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
