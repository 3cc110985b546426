#include "apps/lockctl/output.hpp"

#include "apps/lockctl/duration.hpp"
#include "apps/lockctl/failure.hpp"
#include "apps/lockctl/printable.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <iostream>
#include <ostream>
#include <variant>

namespace lockserver::lockctl {

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

// -- JSON ---------------------------------------------------------------------------

const char* word(lock_mode x) {
  return x == lock_mode::shared ? "shared" : "exclusive";
}

json::object object_of(const holder& x) {
  json::object result{{"owner", x.owner}, {"mode", word(x.mode)}, {"token", x.token}};
  result["ttl_ms"] = x.ttl ? json::value(x.ttl->count()) : json::value(nullptr);
  result["held_ms"] = x.held.count();
  if (!x.metadata.empty())
    result["metadata"] = x.metadata;
  if (!x.identity.empty())
    result["identity"] = x.identity;
  return result;
}

json::object object_of(const waiter& x) {
  json::object result{{"owner", x.owner},
                      {"mode", word(x.mode)},
                      {"waiting_ms", x.waiting.count()}};
  if (!x.identity.empty())
    result["identity"] = x.identity;
  return result;
}

json::object object_of(const lock_info& x) {
  json::object result{{"key", x.key}};
  json::array holders;
  for (auto& holder : x.holders)
    holders.push_back(object_of(holder));
  result["holders"] = std::move(holders);
  result["holder_count"] = x.holder_count;
  if (!x.queue.empty() || x.queue_length == 0) {
    json::array queue;
    for (auto& waiter : x.queue)
      queue.push_back(object_of(waiter));
    result["queue"] = std::move(queue);
  }
  result["queue_length"] = x.queue_length;
  if (x.limit)
    result["limit"] = *x.limit;
  return result;
}

json::array array_of(const std::vector<std::string>& x) {
  return json::array(x.begin(), x.end());
}

std::string text_of(const json::value& x) {
  return printable_json(json::serialize(x));
}

// -- tables ---------------------------------------------------------------------------

// Columns as wide as needed. The first row is the heading. The table makes cells
// printable.
class table {
public:
  explicit table(std::vector<std::string> heading) {
    add(std::move(heading));
  }

  void add(std::vector<std::string> row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(row[i]);
      widths_[i] = std::max(widths_[i], width(row[i]));
    }
    rows_.push_back(std::move(row));
  }

  // Leaves the column out if it has only a heading.
  void leave_out_if_empty(std::size_t column) {
    auto is_empty = [column](auto& row) { return row[column].empty(); };
    if (!std::all_of(rows_.begin() + 1, rows_.end(), is_empty))
      return;
    auto i = static_cast<std::ptrdiff_t>(column);
    for (auto& row : rows_)
      row.erase(row.begin() + i);
    widths_.erase(widths_.begin() + i);
  }

  void print(std::ostream& out) const {
    for (auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line += row[i] + std::string(widths_[i] - width(row[i]) + 2, ' ');
      out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
    }
  }

private:
  // In characters, approximately: counts the bytes that are not continuation bytes.
  static std::size_t width(const std::string& x) {
    return static_cast<std::size_t>(
      std::count_if(x.begin(), x.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }

  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::string left(const std::optional<milliseconds>& x) {
  return x ? show_duration(*x) : "-";
}

// Anybody may choose an owner that looks like an owner with an identity. So the identity
// has a column of its own; without access rules there is none.
constexpr auto identity_heading = "IDENTITY";

std::string list_of(const std::vector<std::string>& x) {
  std::string result;
  for (auto& entry : x)
    result += (result.empty() ? "" : ", ") + entry;
  return result.empty() ? "none" : result;
}

std::string kind(lock_mode mode, const std::optional<std::uint32_t>& limit) {
  return limit ? "1 of " + std::to_string(*limit) : word(mode);
}

} // namespace

// -- standard output --------------------------------------------------------------------

void prepare_output() {
  // `open` returns the lowest free number. The access mode is the wrong one on purpose,
  // so that reading and writing fail. The command of `run` does not inherit these files.
  for (auto file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(file, F_GETFD) < 0)
      (void) open("/dev/null", (file == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  // Handled and not ignored, because exec resets a handler: so the command of `run` gets
  // the original setting.
  if (signal(SIGPIPE, [](int) {}) == SIG_IGN)
    signal(SIGPIPE, SIG_IGN);
}

void flush_output() {
  errno = 0;
  std::cout.flush();
  if (std::cout.good())
    return;
  // An earlier write may have failed, and its error number is lost.
  throw failure{exit_status::output,
                "cannot write to standard output" + (errno != 0 ? ": " + last_error() : "")};
}

// -- JSON -------------------------------------------------------------------------------

std::string to_json(const grant& x) {
  auto expiry = std::chrono::duration_cast<milliseconds>(x.expires_at.time_since_epoch());
  json::object result{{"key", x.key},
                      {"owner", x.owner},
                      {"mode", word(x.mode)},
                      {"token", x.token},
                      {"ttl_ms", x.ttl.count()},
                      {"expires_at_ms", expiry.count()},
                      {"waited_ms", x.waited.count()}};
  return text_of(result);
}

std::string to_json(const lock_info& x) {
  return text_of(object_of(x));
}

std::string to_json(const std::vector<lock_info>& x) {
  json::array locks;
  for (auto& lock : x)
    locks.push_back(object_of(lock));
  return text_of(json::object{{"locks", std::move(locks)}});
}

std::string to_json(const lease& x) {
  return text_of(json::object{{"lease", x.id}, {"ttl_ms", x.ttl.count()}});
}

std::string to_json(const lease_info& x) {
  json::array locks;
  for (auto& lock : x.locks)
    locks.push_back(json::object{{"key", lock.key}, {"token", lock.token}});
  return text_of(
    json::object{{"lease", x.id}, {"ttl_ms", x.ttl.count()}, {"locks", std::move(locks)}});
}

std::string to_json(const server_info& x) {
  json::object settings;
  for (auto& [name, value] : x.settings)
    settings[name] = std::visit([](auto& v) { return json::value(v); }, value);
  auto& c = x.counts;
  json::object counts{{"keys", c.keys},          {"holders", c.holders},
                      {"waiters", c.waiters},    {"connections", c.connections},
                      {"leases", c.leases},      {"commits", c.commits},
                      {"decisions", c.decisions}};
  return text_of(json::object{{"name", x.name},
                              {"version", x.version},
                              {"uptime_ms", x.uptime.count()},
                              {"settings", std::move(settings)},
                              {"counts", std::move(counts)}});
}

std::string to_json(const access_info& x) {
  json::array rights;
  for (auto& line : x.rights) {
    json::object right;
    if (line.keys)
      right["keys"] = *line.keys;
    right["allow"] = array_of(line.allow);
    rights.push_back(std::move(right));
  }
  return text_of(
    json::object{{"identity", x.identity.empty() ? json::value(nullptr) : json::value(x.identity)},
                 {"roles", array_of(x.roles)},
                 {"rights", std::move(rights)},
                 {"owners", array_of(x.owners)}});
}

std::string to_json(std::string_view name, bool value) {
  json::object result;
  result[json::string_view{name.data(), name.size()}] = value;
  return text_of(result);
}

// -- for people ---------------------------------------------------------------------------

void print(std::ostream& out, const lock_info& x) {
  if (x.holders.empty()) {
    out << printable(x.key) << " is free\n";
    return;
  }
  table holders{{"HOLDER", identity_heading, "MODE", "TOKEN", "HELD", "LEFT", "METADATA"}};
  for (auto& h : x.holders)
    holders.add({h.owner, h.identity, kind(h.mode, x.limit), std::to_string(h.token),
                 show_duration(h.held), left(h.ttl), h.metadata});
  holders.leave_out_if_empty(1);
  holders.print(out);
  if (x.queue.empty())
    return;
  out << '\n';
  table queue{{"WAITER", identity_heading, "MODE", "WAITING"}};
  for (auto& w : x.queue)
    queue.add({w.owner, w.identity, word(w.mode), show_duration(w.waiting)});
  queue.leave_out_if_empty(1);
  queue.print(out);
}

void print(std::ostream& out, const std::vector<lock_info>& x) {
  table rows{{"KEY", "HOLDER", identity_heading, "MODE", "TOKEN", "HELD", "LEFT", "QUEUE"}};
  for (auto& lock : x)
    for (auto& h : lock.holders)
      rows.add({lock.key, h.owner, h.identity, kind(h.mode, lock.limit), std::to_string(h.token),
                show_duration(h.held), left(h.ttl), std::to_string(lock.queue_length)});
  rows.leave_out_if_empty(2);
  rows.print(out);
}

void print(std::ostream& out, const lease_info& x) {
  out << show_duration(x.ttl) << " left\n";
  if (x.locks.empty())
    return;
  table rows{{"KEY", "TOKEN"}};
  for (auto& lock : x.locks)
    rows.add({lock.key, std::to_string(lock.token)});
  rows.print(out);
}

namespace {

struct show_setting {
  std::string operator()(bool x) const {
    return x ? "yes" : "no";
  }
  std::string operator()(std::int64_t x) const {
    return std::to_string(x);
  }
  std::string operator()(const std::string& x) const {
    return x;
  }
};

} // namespace

void print(std::ostream& out, const server_info& x) {
  out << printable(x.name) << ' ' << printable(x.version) << ", up for " << show_duration(x.uptime)
      << "\n\n";
  table rows{{"COUNT", ""}};
  rows.add({"keys", std::to_string(x.counts.keys)});
  rows.add({"holders", std::to_string(x.counts.holders)});
  rows.add({"waiters", std::to_string(x.counts.waiters)});
  rows.add({"connections", std::to_string(x.counts.connections)});
  rows.add({"leases", std::to_string(x.counts.leases)});
  rows.add({"commits", std::to_string(x.counts.commits)});
  rows.add({"decisions", std::to_string(x.counts.decisions)});
  rows.print(out);
  out << '\n';
  table settings{{"SETTING", ""}};
  for (auto& [name, value] : x.settings) {
    auto* number = std::get_if<std::int64_t>(&value);
    if (number != nullptr && name.ends_with("_ms"))
      settings.add({name.substr(0, name.size() - 3), show_duration(milliseconds{*number})});
    else
      settings.add({name, std::visit(show_setting{}, value)});
  }
  settings.print(out);
}

void print(std::ostream& out, const access_info& x) {
  out << (x.identity.empty() ? "anonymous" : printable(x.identity))
      << ", roles: " << printable(list_of(x.roles)) << ", owners: " << printable(list_of(x.owners))
      << "\n\n";
  table rights{{"KEYS", "RIGHTS"}};
  for (auto& line : x.rights)
    rights.add({line.keys ? *line.keys + "*" : "-", list_of(line.allow)});
  rights.print(out);
}

std::string show_time(std::chrono::system_clock::time_point x) {
  auto text = [](std::time_t time, const char* format) {
    std::tm parts{};
    localtime_r(&time, &parts);
    std::array<char, 64> result{};
    std::strftime(result.data(), result.size(), format, &parts);
    return std::string{result.data()};
  };
  auto time = std::chrono::system_clock::to_time_t(x);
  auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return text(time, text(time, "%F") == text(now, "%F") ? "%T" : "%F %T");
}

} // namespace lockserver::lockctl
