// The parts of a request's target: the names in its path, and the parameters after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// Path and query. They point into the target.
class target_parts {
public:
  explicit target_parts(std::string_view target) noexcept
    : path_(target.substr(0, target.find('?'))), query_(target.substr(path_.size())) {
    query_.remove_prefix(query_.empty() ? 0 : 1);
  }

  std::string_view path() const noexcept {
    return path_;
  }
  std::string_view query() const noexcept {
    return query_;
  }

  /// The decoded name after `prefix`, if the path starts with `prefix`. Throws
  /// `bad_input` unless the rest is one segment with a valid name.
  std::optional<std::string> name_behind(std::string_view prefix, std::string_view what) const;

  /// The same, but slashes belong to the name, which takes the whole rest of the path.
  std::optional<std::string> path_behind(std::string_view prefix, std::string_view what) const;

private:
  std::string_view path_;
  std::string_view query_;
};

/// Removes the first parameter from a query that is not empty, and returns its name and
/// value. They are still encoded, because each dialect has its own rules for encoding and
/// empty values.
std::pair<std::string_view, std::string_view> next_parameter(std::string_view& query) noexcept;

/// The parameters of a query, percent-encoded as in forms (`+` is a space). The caller
/// takes them by name. Every error is a `bad_input`.
class query_parameters {
public:
  /// @param known the allowed names, such as "owner, token"; empty: none.
  query_parameters(std::string_view query, std::string_view known);

  /// Takes a value that must be a valid key or owner.
  std::optional<std::string> name(std::string_view parameter);
  /// The same, or an empty string if it is empty or absent.
  std::string name_or_empty(std::string_view parameter);
  std::optional<std::int64_t> integer(std::string_view parameter, std::int64_t least,
                                      std::int64_t most);
  /// True if the value is "true".
  bool flag(std::string_view parameter);

private:
  std::optional<std::string_view> take(std::string_view parameter);

  std::vector<std::pair<std::string_view, std::string_view>> left_; // encoded
};

} // namespace lockserver
