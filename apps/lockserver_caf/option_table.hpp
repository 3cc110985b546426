// Options that are also environment variables and keys of a configuration file, with
// errors that name the source of the value. Built on CLI11. Knows no particular option.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver::program {

/// An option, which is also an environment variable and a key of the file.
struct option {
  std::string name;
  std::string unit;     ///< The word for its value in --help.
  std::string form;     ///< Completes "must be …" for a wrong text.
  std::string standard; ///< The default in --help; empty: not shown.
  std::string help;
  std::function<bool(std::string_view text)> read; ///< Returns whether `text` is valid.
  bool is_flag = false;                            ///< The value may be omitted.
};

/// The value of an environment variable, or null when it is unset or empty.
const char* environment(const std::string& name);

/// Adds options to a `CLI::App`, and reads their values after CLI11 has found them. So
/// --help is answered whatever else is wrong.
class option_table {
public:
  /// Gives `app` its format of --help and of the configuration file. `app` must have
  /// called `set_config`, and outlive this object.
  explicit option_table(CLI::App& app);

  /// Sets the heading in --help for the options that are added next.
  void group(std::string name) {
    group_ = std::move(name);
  }

  /// Adds --`name`, LOCKSERVER_`NAME` and the key `name`.
  void add(const option& x);

  /// Reads the given values. Throws `failure` for the first wrong one.
  void apply() const;

private:
  std::string source(const CLI::Option* option) const;

  CLI::App& app_;
  std::string group_;
  std::vector<std::pair<CLI::Option*, option>> rows_;
};

} // namespace lockserver::program
