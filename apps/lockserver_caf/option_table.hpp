// What CLI11 is used for here: options that are also environment variables and
// keys of a configuration file, with errors that say where the value came from.
// Knows nothing of the single options.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver::program {

/// One option, which is also an environment variable and a key of the file.
struct option {
  std::string name;
  std::string unit;     ///< The word for its value in --help.
  std::string form;     ///< Completes "must be …" for a wrong text.
  std::string standard; ///< What --help says of the default; empty: nothing.
  std::string help;
  std::function<bool(std::string_view text)> read; ///< Returns whether `text` is right.
  bool is_flag = false;                            ///< Needs no value.
};

/// The value of an environment variable, or null when it is unset or empty.
const char* environment(const std::string& name);

/// Adds options to a `CLI::App`, and reads their values once CLI11 has found
/// them: only then, so that --help is answered whatever else is wrong.
class option_table {
public:
  /// Gives `app` the form of --help, and of the configuration file. It must
  /// get its `set_config`, and outlive this object.
  explicit option_table(CLI::App& app);

  /// The heading in --help for what is added next.
  void group(std::string name) {
    group_ = std::move(name);
  }

  /// Adds --`name`, LOCKSERVER_`NAME` and the key `name`.
  void add(const option& x);

  /// Reads the values that were given. Throws `failure` for the first wrong one.
  void apply() const;

private:
  std::string source(const CLI::Option* option) const;

  CLI::App& app_;
  std::string group_;
  std::vector<std::pair<CLI::Option*, option>> rows_;
};

} // namespace lockserver::program
