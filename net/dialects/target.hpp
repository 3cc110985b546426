// The target of a request in parts: names in its path, parameters behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// Path and query. Points into the target.
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

  /// What stands behind `prefix`, decoded, if the path starts with it. Throws
  /// `bad_input` unless it is one segment that is a name.
  std::optional<std::string> name_behind(std::string_view prefix, std::string_view what) const;

  /// The same, but slashes belong to the name: there is nothing behind it.
  std::optional<std::string> path_behind(std::string_view prefix, std::string_view what) const;

private:
  std::string_view path_;
  std::string_view query_;
};

/// Takes the first parameter, as name and value, off a query that is not empty. As it
/// is, for each dialect has rules of its own for what is empty and how it is encoded.
std::pair<std::string_view, std::string_view> next_parameter(std::string_view& query) noexcept;

/// The parameters of a query, percent-encoded as forms are (`+` is a space).
/// Taken by name; every complaint is a `bad_input`.
class query_parameters {
public:
  /// @param known the names that there are, such as "owner, token"; empty: none.
  query_parameters(std::string_view query, std::string_view known);

  /// A value that may be a key or an owner.
  std::optional<std::string> name(std::string_view parameter);
  /// The same, or an empty string when it is empty or not there.
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
