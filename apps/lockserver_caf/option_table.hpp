// What CLI11 is used for here: options that are also environment variables and
// keys of a configuration file, with errors that say where the value came from.
// Knows nothing of the single options.
#pragma once

#include "lockserver/settings.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/common.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver::program {

/// One kind of value: its word in --help, and text to and from it.
template <class T>
struct value_kind {
  const char* unit;
  const char* right; ///< Completes "must be …".
  bool (*read)(std::string_view text, T& out);
  std::string (*show)(const T&);
};

namespace value {

extern const value_kind<settings::duration> seconds;
extern const value_kind<settings::duration> seconds_or_max;
extern const value_kind<std::uint16_t> port_number;
extern const value_kind<std::optional<std::uint16_t>> optional_port; ///< None: empty.
extern const value_kind<unsigned> number;
extern const value_kind<std::size_t> large_number;
extern const value_kind<bool> truth;
extern const value_kind<spdlog::level::level_enum> log_level;
extern const value_kind<std::string> address;
extern const value_kind<std::string> host_list;
extern const value_kind<std::string> file_name;
extern const value_kind<std::string> directory;
extern const value_kind<sync_mode> sync;

} // namespace value

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

  /// Adds --`name`, LOCKSERVER_`NAME` and the key `name`. What `out` holds is
  /// the default; `apply` writes to it.
  template <class T>
  void add(const std::string& name, const value_kind<T>& kind, T& out, const std::string& help) {
    auto shown = kind.show(out);
    auto* option = app_.add_option("--" + name, CLI::callback_t{},
                                   shown.empty() ? help : help + " [" + shown + "]");
    option->option_text(kind.unit)->type_name(kind.unit);
    add_row(option, name, kind.right,
            [&kind, &out](std::string_view text) { return kind.read(text, out); });
  }

  /// Adds an option that needs no value.
  void add_flag(const std::string& name, bool& out, const std::string& help);

  /// Reads the values that were given. Throws `failure` for the first wrong one.
  void apply() const;

private:
  struct row {
    CLI::Option* option;
    const char* right;
    std::function<bool(std::string_view)> read;
  };

  void add_row(CLI::Option* option, const std::string& name, const char* right,
               std::function<bool(std::string_view)> read);
  std::string source(const CLI::Option* option) const;

  CLI::App& app_;
  std::string group_;
  std::vector<row> rows_;
};

} // namespace lockserver::program
