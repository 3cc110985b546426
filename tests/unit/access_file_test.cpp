#include "net/access/access_file.hpp"

#include "net/access/access_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_directory.hpp"

#include <sys/stat.h>

#include <fstream>
#include <string>

using namespace lockserver;

namespace {

std::string complaint(const std::string& file) {
  try {
    read_access_file(file);
    return {};
  } catch (const access_error& x) {
    return x.what();
  }
}

void write(const std::string& file, const std::string& text, mode_t mode) {
  std::ofstream{file, std::ios::binary} << text;
  REQUIRE(chmod(file.c_str(), mode) == 0);
}

} // namespace

TEST_CASE("an access file is read as it is") {
  test::temporary_directory directory;
  auto file = directory.file("access.json");
  for (auto& text : {std::string{}, std::string{"{}\n"}, std::string(200'000, 'x')}) {
    write(file, text, 0600);
    CHECK(read_access_file(file) == text);
  }
  write(file, "{}", 0644); // others may read it: it has hashes only
  CHECK(read_access_file(file) == "{}");
}

TEST_CASE("an access file that others than its owner may write to is refused") {
  test::temporary_directory directory;
  auto file = directory.file("access.json");
  for (auto [mode, text] : {std::pair{0620, "620"}, {0602, "602"}, {0664, "664"}, {0777, "777"}}) {
    write(file, "{}", static_cast<mode_t>(mode));
    CHECK(complaint(file)
          == std::string{"may be written by others than its owner (its mode is "} + text
               + "): use chmod go-w");
  }
}

TEST_CASE("what is no regular file is refused, and not waited for") {
  test::temporary_directory directory;
  CHECK(complaint(directory.file("none")) == "cannot be read: No such file or directory");
  CHECK(complaint(directory.path()) == "is not a regular file");
  auto pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(complaint(pipe) == "is not a regular file");
  CHECK(complaint("/dev/zero") == "is not a regular file");
}

TEST_CASE("the file that a link names counts, with its own rights") {
  test::temporary_directory directory;
  auto file = directory.file("access.json");
  auto link = directory.file("link");
  write(file, "{}", 0600);
  std::filesystem::create_symlink("access.json", link);
  CHECK(read_access_file(link) == "{}");
  write(file, "{}", 0666);
  CHECK(complaint(link).starts_with("may be written by others"));
}

TEST_CASE("an access file that is too long is refused") {
  test::temporary_directory directory;
  auto file = directory.file("access.json");
  write(file, "", 0600);
  std::filesystem::resize_file(file, max_access_file);
  CHECK(complaint(file).empty());
  std::filesystem::resize_file(file, max_access_file + 1);
  CHECK(complaint(file) == "is longer than 16 MiB");
}
