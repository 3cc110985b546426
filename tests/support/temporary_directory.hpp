// A directory for one test. The destructor removes it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace lockserver::test {

class temporary_directory {
public:
  /// @param parent the directory in which it is made; empty: the system's temporary
  ///        directory.
  explicit temporary_directory(std::filesystem::path parent = {}) {
    if (parent.empty())
      parent = std::filesystem::temp_directory_path();
    auto name = (parent / "lockserver-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"cannot make " + name};
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::filesystem::path& path() const noexcept {
    return path_;
  }
  std::string file(const std::string& name) const {
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

} // namespace lockserver::test
