#include "apps/lockserver_caf/option_table.hpp"

#include "apps/lockserver_caf/failure.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <istream>
#include <iterator>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

namespace lockserver::program {

namespace {

// -- values -------------------------------------------------------------------

bool read_seconds(std::string_view text, settings::duration& out) {
  double x = 0;
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, x, std::chars_format::fixed);
  // Whatever is far beyond every limit must not overflow: a thousand years.
  if (ec != std::errc{} || rest != end || !(x >= 0 && x < 3e10))
    return false;
  out = settings::duration{std::llround(x * 1e6)};
  return true;
}

std::string show_seconds(const settings::duration& x) {
  return fmt::format("{}", std::chrono::duration<double>{x}.count());
}

bool read_seconds_or_max(std::string_view text, settings::duration& out) {
  if (text != "max")
    return read_seconds(text, out);
  out = settings::as_long_as_locks;
  return true;
}

std::string show_seconds_or_max(const settings::duration& x) {
  return x == settings::as_long_as_locks ? "max" : show_seconds(x);
}

template <class T>
bool read_number(std::string_view text, T& out) {
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  return ec == std::errc{} && rest == end;
}

template <class T>
std::string show_number(const T& x) {
  return std::to_string(x);
}

bool read_truth(std::string_view text, bool& out) {
  auto is = [text](const char* word) { return text == word; };
  out = is("true") || is("yes") || is("on") || is("1");
  return out || is("false") || is("no") || is("off") || is("0");
}

bool read_optional_port(std::string_view text, std::optional<std::uint16_t>& out) {
  return read_number(text, out.emplace());
}

std::string show_optional_port(const std::optional<std::uint16_t>& x) {
  return x ? std::to_string(*x) : "";
}

std::string show_truth(const bool& x) {
  return x ? "true" : "false";
}

std::string show_level(const spdlog::level::level_enum& x) {
  auto name = spdlog::level::to_string_view(x);
  return {name.data(), name.size()};
}

bool read_level(std::string_view text, spdlog::level::level_enum& out) {
  using namespace spdlog::level;
  const level_enum levels[] = {debug, info, warn, err, off};
  auto* i = std::find_if(std::begin(levels), std::end(levels),
                         [text](level_enum x) { return show_level(x) == text; });
  if (i == std::end(levels))
    return false;
  out = *i;
  return true;
}

std::string show_sync(const sync_mode& x) {
  return x == sync_mode::always ? "always" : "off";
}

bool read_sync(std::string_view text, sync_mode& out) {
  out = text == "off" ? sync_mode::off : sync_mode::always;
  return text == show_sync(out);
}

bool read_text(std::string_view text, std::string& out) {
  out = text;
  return true;
}

// What is empty comes from a variable that is not set, as in --data-dir "$DIR", and
// would switch off what the user asked for.
bool read_name(std::string_view text, std::string& out) {
  out = text;
  return !text.empty();
}

std::string show_text(const std::string& x) {
  return x;
}

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

// On top of CLI11's syntax: each key at most once, with one value, no sections,
// and nothing that the program would ignore. And the environment wins over the
// file, which CLI11 would have the other way round.
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
        wrong(fmt::format("{}: section [{}] is unknown: keys stand without sections", file,
                          CLI::detail::join(x.parents, ".")));
      auto* option = x.parents.empty() ? app_.get_option_no_throw("--" + x.name) : nullptr;
      if (option == nullptr || !option->get_configurable())
        wrong(fmt::format("{}: key '{}' is unknown: keys are named as the options are", file,
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

// The commands first, and one empty line between groups.
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

namespace value {

const value_kind<settings::duration> seconds{"SECONDS", "a number of seconds, such as 2.5",
                                             read_seconds, show_seconds};
const value_kind<settings::duration> seconds_or_max{"SECONDS|max",
                                                    "a number of seconds, such as 2.5, or max",
                                                    read_seconds_or_max, show_seconds_or_max};
const value_kind<std::uint16_t> port_number{"NUMBER", "a whole number from 0 to 65535",
                                            read_number<std::uint16_t>, show_number<std::uint16_t>};
const value_kind<std::optional<std::uint16_t>> optional_port{
  "NUMBER", "a whole number from 0 to 65535", read_optional_port, show_optional_port};
const value_kind<unsigned> number{"NUMBER", "a whole number", read_number<unsigned>,
                                  show_number<unsigned>};
const value_kind<std::size_t> large_number{"NUMBER", "a whole number", read_number<std::size_t>,
                                           show_number<std::size_t>};
const value_kind<bool> truth{" ", "true or false", read_truth, show_truth};
const value_kind<spdlog::level::level_enum> log_level{"LEVEL", "debug, info, warning, error or off",
                                                      read_level, show_level};
const value_kind<std::string> address{"ADDRESS", "an address", read_text, show_text};
const value_kind<std::string> host_list{"HOSTS", "a list of hosts", read_text, show_text};
const value_kind<std::string> file_name{"FILE", "a file's name", read_name, show_text};
const value_kind<std::string> directory{"DIRECTORY", "a directory's name", read_name, show_text};
const value_kind<sync_mode> sync{"WHEN", "always or off", read_sync, show_sync};

} // namespace value

const char* environment(const std::string& name) {
  auto* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

option_table::option_table(CLI::App& app) : app_(app) {
  app.formatter(std::make_shared<help_formatter>());
  app.config_formatter(std::make_shared<configuration_file>(app));
}

void option_table::add_flag(const std::string& name, bool& out, const std::string& help) {
  auto* option = app_.add_flag("--" + name, help)->option_text(value::truth.unit);
  add_row(option, name, value::truth.right,
          [&out](std::string_view text) { return value::truth.read(text, out); });
}

void option_table::apply() const {
  for (auto& x : rows_) {
    if (x.option->count() == 0)
      continue;
    auto text = x.option->as<std::string>();
    if (!x.read(text))
      wrong(fmt::format("{} is '{}' but must be {}", source(x.option), text, x.right));
  }
}

void option_table::add_row(CLI::Option* option, const std::string& name, const char* right,
                           std::function<bool(std::string_view)> read) {
  option->group(group_)
    ->envname(environment_name(name))
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  rows_.push_back({option, right, std::move(read)});
}

// Where the user finds the value: "--port", "LOCKSERVER_PORT" or "port in FILE".
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
