#include "apps/lockserver_caf/option_table.hpp"

#include "apps/lockserver_caf/failure.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <istream>
#include <memory>
#include <set>

namespace lockserver::program {

namespace {

// -- CLI11's parts, adapted ---------------------------------------------------

[[noreturn]] void wrong(const std::string& sentence) {
  throw failure{exit_status::usage, sentence};
}

std::string environment_name(std::string option) {
  std::transform(option.begin(), option.end(), option.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return "LOCKSERVER_" + option;
}

// Stricter than CLI11: each key at most once, with one value, no sections, and no unknown
// keys. The environment takes precedence over the file; CLI11 would do the reverse.
class configuration_file : public CLI::ConfigBase {
public:
  explicit configuration_file(const CLI::App& app) : app_(app) {
  }

  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    auto file = app_.get_config_ptr()->as<std::string>();
    auto found = ConfigBase::from_config(in);
    std::set<std::string> seen;
    for (auto& x : found) {
      if (x.name == "++")
        wrong(fmt::format("{}: section [{}] is unknown: the file has no sections", file,
                          CLI::detail::join(x.parents, ".")));
      auto* option = x.parents.empty() ? app_.get_option_no_throw("--" + x.name) : nullptr;
      if (option == nullptr || !option->get_configurable())
        wrong(fmt::format("{}: key '{}' is unknown: keys have the names of the options", file,
                          x.fullname()));
      if (x.inputs.size() != 1 || !seen.insert(x.name).second)
        wrong(fmt::format("{}: key '{}' has more than one value", file, x.name));
    }
    std::erase_if(found, [this](const CLI::ConfigItem& x) {
      return environment(app_.get_option("--" + x.name)->get_envname()) != nullptr;
    });
    return found;
  }

private:
  const CLI::App& app_;
};

// Prints the commands first, and one empty line between groups.
class help_formatter : public CLI::Formatter {
public:
  help_formatter() {
    column_width(38);
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    auto text = make_description(app) + make_usage(app, std::move(name))
                + make_subcommands(app, mode) + make_groups(app, mode) + '\n' + make_footer(app);
    return CLI::detail::find_and_replace(std::move(text), "\n\n\n", "\n\n");
  }
};

} // namespace

const char* environment(const std::string& name) {
  auto* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

option_table::option_table(CLI::App& app) : app_(app) {
  app.formatter(std::make_shared<help_formatter>());
  app.config_formatter(std::make_shared<configuration_file>(app));
}

// CLI11 takes a non-const help text for the variable of a flag.
void option_table::add(const option& x) {
  auto dashed = "--" + x.name;
  auto* added = x.is_flag
                  ? app_.add_flag(dashed, x.help)
                  : app_.add_option(dashed, CLI::callback_t{},
                                    x.standard.empty() ? x.help : x.help + " [" + x.standard + "]");
  added->option_text(x.unit)
    ->type_name(x.unit)
    ->group(group_)
    ->envname(environment_name(x.name))
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  rows_.emplace_back(added, x);
}

void option_table::apply() const {
  for (auto& [found, x] : rows_) {
    if (found->count() == 0)
      continue;
    auto text = found->as<std::string>();
    if (!x.read(text))
      wrong(fmt::format("{} is '{}' but must be {}", source(found), text, x.form));
  }
}

// The source of the value for the user: "--port", "LOCKSERVER_PORT" or "port in FILE".
std::string option_table::source(const CLI::Option* option) const {
  auto& typed = app_.parse_order();
  if (std::find(typed.begin(), typed.end(), option) != typed.end())
    return option->get_name();
  if (environment(option->get_envname()) != nullptr)
    return option->get_envname();
  return fmt::format("{} in {}", option->get_single_name(),
                     app_.get_config_ptr()->as<std::string>());
}

} // namespace lockserver::program
