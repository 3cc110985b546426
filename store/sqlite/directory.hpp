// The directory of a store: who has it, and whether its files are whole.
#pragma once

#include <stdexcept>
#include <string>

namespace lockserver {

/// Why a store cannot be opened: a whole sentence that says what to do.
class store_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The right to use a directory and the store in it, as long as it lives. No
/// other process has it meanwhile.
class directory_lock {
public:
  /// Makes the directory, and an empty file for the store, if they are not
  /// there. Throws `store_error` when another server has them.
  explicit directory_lock(const std::string& directory);

  /// @pre SQLite has closed the store: a process loses SQLite's locks with the
  /// first descriptor of the file that it closes.
  ~directory_lock() = default;

  directory_lock(const directory_lock&) = delete;
  directory_lock& operator=(const directory_lock&) = delete;

private:
  struct descriptor {
    ~descriptor();
    int value = -1;
  };

  descriptor directory_; // the file `lock` in it
  descriptor store_;     // the store itself, since `lock` may be removed
};

/// Looks whether SQLite's log for the store in `file` is there and whole. Returns
/// an empty string, or a sentence that says what is wrong and what to do.
///
/// A server may use the store meanwhile, but not one in this process: see
/// `~directory_lock`.
std::string log_problem(const std::string& file);

} // namespace lockserver
