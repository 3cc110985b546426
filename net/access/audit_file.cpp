#include "net/access/audit_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace lockserver {

namespace {

// Between two looks whether the name still belongs to the open file. A look costs about as
// much as a line.
constexpr auto look_pause = std::chrono::seconds{1};

struct file_id {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const file_id&) const = default;
};

file_id id_of(const struct stat& x) {
  return {x.st_dev, x.st_ino};
}

// Whether a power cut has left a part of a line at the end.
bool ends_within_a_line(const std::string& name) {
  std::ifstream in{name, std::ios::binary | std::ios::ate};
  return in && in.tellg() > 0 && in.seekg(-1, std::ios::end) && in.get() != '\n';
}

} // namespace

struct audit_file::open_file {
  /// Throws `std::system_error`.
  explicit open_file(const std::string& name)
    // Without O_NONBLOCK, a pipe that nobody reads would block the server.
    : fd(
      open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)) {
    struct stat x {};
    if (fd < 0 || fstat(fd, &x) != 0) {
      std::error_code error{errno, std::system_category()};
      if (fd >= 0)
        close(fd);
      throw std::system_error{error};
    }
    id = id_of(x);
    is_within_line = S_ISREG(x.st_mode) && ends_within_a_line(name);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    close(fd);
  }

  bool has_name(const std::string& name) const noexcept {
    struct stat x {};
    return stat(name.c_str(), &x) == 0 && id_of(x) == id;
  }
  bool is_removed() const noexcept {
    struct stat x {};
    return fstat(fd, &x) == 0 && x.st_nlink == 0;
  }

  int fd;
  file_id id;
  bool is_within_line = false; // its last line is not complete
  int lost = 0;                // why nobody can find what is written to it; 0: one can
};

std::shared_ptr<audit_file::open_file> audit_file::opened(const std::string& name) {
  try {
    return std::make_shared<open_file>(name);
  } catch (const std::system_error& x) {
    throw std::invalid_argument{"the audit log " + name
                                + " cannot be opened: " + x.code().message()};
  }
}

audit_file::audit_file(std::string name, audit_level level, report on_trouble)
  : name_(std::move(name)),
    level_(level),
    on_trouble_(std::move(on_trouble)),
    file_(opened(name_)) {
}

bool audit_file::write(const audit_entry& x) noexcept {
  if (!is_audited(x.event, level_))
    return true;
  std::string line;
  try {
    line = '\n' + audit_line(x);
  } catch (const std::exception&) {
    line.clear(); // no memory
  }
  int error = ENOMEM;
  std::optional<incident> news;
  {
    const std::lock_guard guard{mutex_};
    if (!line.empty())
      error = append(line, x.time);
    news = noted(error, x.time);
  }
  if (news && on_trouble_)
    tell(*news, error);
  return error == 0;
}

// `line` begins with the end of an incomplete line before it. Returns an error of the system,
// or 0.
int audit_file::append(const std::string& line, time_point now) noexcept {
  // A clock that is set back must not delay the next look.
  if (now < looked_ || now - looked_ >= look_pause)
    look(now);
  if (file_->lost != 0)
    return file_->lost;
  std::string_view rest{line};
  if (!file_->is_within_line)
    rest.remove_prefix(1);
  while (!rest.empty()) {
    auto size = ::write(file_->fd, rest.data(), rest.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return size < 0 ? errno : EIO;
    file_->is_within_line = rest[static_cast<std::size_t>(size) - 1] != '\n';
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

// If a new file cannot be made, one that was only renamed is used further.
void audit_file::look(time_point now) noexcept {
  looked_ = now;
  if (file_->has_name(name_)) {
    file_->lost = 0;
    return;
  }
  int error = 0;
  try {
    file_ = std::make_shared<open_file>(name_);
    return;
  } catch (const std::system_error& x) {
    error = x.code().value();
  } catch (const std::exception&) {
    error = ENOMEM;
  }
  file_->lost = file_->is_removed() ? error : 0;
}

std::optional<audit_file::incident> audit_file::noted(int error, time_point now) noexcept {
  recurring_failure::clock::time_point time{now.time_since_epoch()};
  is_failing_ = error != 0;
  if (error == 0)
    return incident_.succeeded(time);
  ++failures_;
  return incident_.failed(time);
}

void audit_file::tell(const incident& x, int error) const noexcept {
  try {
    auto lines = std::to_string(x.failures);
    if (error != 0) {
      on_trouble_(trouble::lasts, "the audit log " + name_ + " cannot be written ("
                                    + std::system_category().message(error)
                                    + "), lost lines: " + lines);
      return;
    }
    auto seconds = std::chrono::ceil<std::chrono::seconds>(x.lasted).count();
    on_trouble_(trouble::over, "the audit log " + name_ + " is written again, lost lines: " + lines
                                 + " in " + std::to_string(seconds) + " s");
  } catch (const std::exception&) {
    // The log of the server is no better. `failures` has the count.
    return;
  }
}

std::function<void()> audit_file::prepare_reopen() {
  auto is_open = [this] {
    const std::lock_guard guard{mutex_};
    return file_->has_name(name_);
  };
  if (is_open())
    return {};
  return [this, next = opened(name_)] {
    const std::lock_guard guard{mutex_};
    file_ = next;
  };
}

void audit_file::reopen() {
  if (auto put_in_place = prepare_reopen())
    put_in_place();
}

} // namespace lockserver
