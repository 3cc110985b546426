#include "net/access/audit_file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/json/parse.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// The keys in the lines of a file, as "a b ". Fails if a line is not complete.
std::string keys_of(const std::string& file) {
  std::string result;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    REQUIRE(!in.eof()); // it has an end
    result += boost::json::parse(line).at("key").as_string().c_str();
    result += ' ';
  }
  return result;
}

struct fixture {
  bool write(audit_file& to, std::string_view key, std::chrono::milliseconds at = 0ms) const {
    return to.write({.time = zero + at, .event = audit_event::force, .key = key});
  }
  audit_file::report report() {
    return [this](audit_file::trouble what, const std::string& sentence) {
      reports.emplace_back(what == audit_file::trouble::over ? "over" : "lasts", sentence);
    };
  }
  // Why it cannot be opened.
  std::string refusal() const {
    try {
      audit_file x{name, audit_level::refusals, {}};
    } catch (const std::invalid_argument& x) {
      return x.what();
    }
    return "";
  }
  void point_to(const std::string& target) const {
    fs::remove(name);
    fs::create_symlink(target, name);
  }

  std::chrono::system_clock::time_point zero{1'000'000s};
  temporary_directory directory;
  std::string name = directory.file("audit.log");
  std::vector<std::pair<std::string, std::string>> reports;
};

// Limits the size of files for this process, which would be killed if it did not ignore it.
class size_limit {
public:
  explicit size_limit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    auto x = before_;
    x.rlim_cur = bytes;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &x) == 0);
  }
  ~size_limit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  size_limit(const size_limit&) = delete;
  size_limit& operator=(const size_limit&) = delete;

private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

} // namespace

TEST_CASE("audit lines are appended to what is in the file") {
  fixture x;
  {
    audit_file first{x.name, audit_level::refusals, x.report()};
    CHECK(x.write(first, "a"));
    CHECK(text_of(x.name) == audit_line({.time = x.zero, .event = audit_event::force, .key = "a"}));
    audit_file beside{x.name, audit_level::refusals, x.report()};
    CHECK(x.write(beside, "b"));
    CHECK(x.write(first, "c"));
  }
  audit_file later{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(later, "d"));
  CHECK(keys_of(x.name) == "a b c d ");
  CHECK(later.failures() == 0);
  CHECK(!later.is_failing());
  CHECK(x.reports.empty());
}

TEST_CASE("an audit log has the events of its level, and the others are no failures") {
  fixture x;
  auto level = GENERATE(audit_level::off, audit_level::refusals, audit_level::changes);
  audit_file file{x.name, level, x.report()};
  CHECK(file.write({.event = audit_event::refused, .key = "refused"}));
  CHECK(file.write({.event = audit_event::granted, .key = "granted"}));
  CHECK(file.failures() == 0);
  auto expected = level == audit_level::off        ? ""
                  : level == audit_level::refusals ? "refused "
                                                   : "refused granted ";
  CHECK(keys_of(x.name) == expected);
}

TEST_CASE("others than its owner and group may not read an audit log that is made") {
  fixture x;
  auto before = umask(0);
  audit_file file{x.name, audit_level::refusals, {}};
  umask(before);
  using enum fs::perms;
  CHECK(fs::status(x.name).permissions() == (owner_read | owner_write | group_read));
}

TEST_CASE("an audit log that cannot be opened is refused with a sentence") {
  fixture x;
  SECTION("without its directory") {
    x.name = x.directory.file("none/audit.log");
    CHECK(x.refusal()
          == "the audit log " + x.name + " cannot be opened: No such file or directory");
  }
  SECTION("as a directory") {
    fs::create_directory(x.name);
    CHECK(x.refusal() == "the audit log " + x.name + " cannot be opened: Is a directory");
  }
  SECTION("as a pipe that nobody reads") {
    REQUIRE(mkfifo(x.name.c_str(), 0600) == 0);
    CHECK(x.refusal()
          == "the audit log " + x.name + " cannot be opened: No such device or address");
  }
}

TEST_CASE("after a rotation the audit log goes on in a new file") {
  fixture x;
  audit_file file{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(file, "a"));
  CHECK(file.prepare_reopen() == nullptr); // it is the same
  fs::rename(x.name, x.name + ".1");
  CHECK(x.write(file, "b"));
  SECTION("at once") {
    file.reopen();
    CHECK(x.write(file, "c"));
    CHECK(keys_of(x.name + ".1") == "a b ");
    CHECK(keys_of(x.name) == "c ");
  }
  SECTION("when all else is ready") {
    auto put_in_place = file.prepare_reopen();
    REQUIRE(put_in_place != nullptr);
    CHECK(x.write(file, "c"));
    put_in_place();
    CHECK(x.write(file, "d"));
    CHECK(keys_of(x.name + ".1") == "a b c ");
    CHECK(keys_of(x.name) == "d ");
  }
  CHECK(x.reports.empty());
}

TEST_CASE("if the new audit log cannot be opened, the old one stays in use") {
  fixture x;
  audit_file file{x.name, audit_level::refusals, x.report()};
  fs::rename(x.name, x.name + ".1");
  fs::create_directory(x.name);
  CHECK_THROWS_WITH(file.reopen(), "the audit log " + x.name + " cannot be opened: Is a directory");
  CHECK(x.write(file, "a"));
  CHECK(x.write(file, "b", 5s));
  CHECK(keys_of(x.name + ".1") == "a b ");
  CHECK(file.failures() == 0);
  fs::remove(x.name);
  file.reopen();
  CHECK(x.write(file, "c", 5s));
  CHECK(keys_of(x.name) == "c ");
}

TEST_CASE("an audit log that was renamed or removed is made again, a second later at most") {
  fixture x;
  audit_file file{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(file, "a"));
  if (GENERATE(true, false))
    fs::remove(x.name);
  else
    fs::rename(x.name, x.name + ".1");
  SECTION("by time") {
    x.write(file, "b", 999ms);
    CHECK(!fs::exists(x.name));
    CHECK(x.write(file, "c", 1s));
  }
  SECTION("also if the clock is set back") {
    CHECK(x.write(file, "c", -1h));
  }
  CHECK(keys_of(x.name) == "c ");
  CHECK(file.failures() == 0);
}

TEST_CASE("lines that nobody could find again are lost, until the file can be made") {
  fixture x;
  auto folder = x.directory.file("logs");
  fs::create_directory(folder);
  x.name = folder + "/audit.log";
  audit_file file{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(file, "a"));
  fs::remove_all(folder);
  CHECK(!x.write(file, "b", 1s));
  CHECK(!x.write(file, "c", 1500ms));
  CHECK(file.failures() == 2);
  CHECK(file.is_failing());
  fs::create_directory(folder);
  CHECK(!x.write(file, "d", 1999ms));
  CHECK(x.write(file, "e", 2s));
  CHECK(!file.is_failing());
  CHECK(file.failures() == 3);
  CHECK(keys_of(x.name) == "e ");
  REQUIRE(x.reports.size() == 1);
  CHECK(x.reports[0].first == "lasts");
  CHECK(x.reports[0].second
        == "the audit log " + x.name
             + " cannot be written (No such file or directory), lost lines: 1");
}

TEST_CASE("an audit log on a full disk is reported once, and once when it is written again") {
  fixture x;
  x.point_to("/dev/full");
  audit_file file{x.name, audit_level::refusals, x.report()};
  for (auto at : {0s, 1s, 2s, 3s})
    CHECK(!x.write(file, "a", at));
  CHECK(file.failures() == 4);
  CHECK(file.is_failing());
  REQUIRE(x.reports.size() == 1);
  CHECK(x.reports[0].first == "lasts");
  CHECK(x.reports[0].second
        == "the audit log " + x.name
             + " cannot be written (No space left on device), lost lines: 1");
  x.point_to("elsewhere.log");
  for (auto at : {4s, 5s, 12s})
    CHECK(x.write(file, "b", at));
  CHECK(!file.is_failing());
  CHECK(x.reports.size() == 1); // the disk may be full again soon
  for (auto at : {13s, 14s})
    CHECK(x.write(file, "c", at));
  CHECK(file.failures() == 4);
  REQUIRE(x.reports.size() == 2);
  CHECK(x.reports[1].first == "over");
  CHECK(x.reports[1].second
        == "the audit log " + x.name + " is written again, lost lines: 4 in 3 s");
  CHECK(keys_of(x.name) == "b b b c c ");
}

TEST_CASE("the server goes on if its log cannot tell that the audit log fails") {
  fixture x;
  x.point_to("/dev/full");
  auto fails = [](audit_file::trouble, const std::string&) { throw std::runtime_error{"no"}; };
  audit_file::report report;
  if (GENERATE(true, false))
    report = fails;
  audit_file file{x.name, audit_level::refusals, report};
  CHECK(!x.write(file, "a"));
  CHECK(file.failures() == 1);
}

TEST_CASE("an audit line that was written in part is lost, and the next one is complete") {
  fixture x;
  audit_file file{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(file, "a"));
  auto complete = text_of(x.name);
  {
    size_limit limit{complete.size() + 10};
    CHECK(!x.write(file, "b"));
    CHECK(!x.write(file, "c"));
  }
  CHECK(file.failures() == 2);
  CHECK(text_of(x.name) == complete + complete.substr(0, 10));
  CHECK(x.write(file, "d"));
  CHECK(x.write(file, "e"));
  auto text = text_of(x.name);
  auto rest = text.substr(complete.size());
  CHECK(rest.substr(0, 11) == complete.substr(0, 10) + '\n');
  std::ofstream{x.name} << rest.substr(11);
  CHECK(keys_of(x.name) == "d e ");
}

TEST_CASE("after a power cut within an audit line, the next one begins on a line of its own") {
  fixture x;
  std::ofstream{x.name} << "{\"time\":\"20";
  audit_file file{x.name, audit_level::refusals, x.report()};
  CHECK(x.write(file, "a"));
  CHECK(x.write(file, "b"));
  auto text = text_of(x.name);
  CHECK(text.substr(0, 12) == "{\"time\":\"20\n");
  std::ofstream{x.name} << text.substr(12);
  CHECK(keys_of(x.name) == "a b ");
}

TEST_CASE("threads write whole audit lines, and none is lost while the file is rotated") {
  fixture x;
  audit_file file{x.name, audit_level::refusals, x.report()};
  std::atomic<int> written{0};
  std::vector<std::thread> threads;
  for (auto name : {"a", "b", "c", "d"})
    threads.emplace_back([&x, &file, &written, name] {
      for (int i = 0; i < 1000; ++i)
        written += int{x.write(file, name + std::to_string(i))};
    });
  std::vector<std::string> files{x.name};
  for (int i = 0; i < 10; ++i) {
    files.push_back(x.name + '.' + std::to_string(i));
    fs::rename(x.name, files.back());
    file.reopen();
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(written == 4000);
  std::set<std::string> keys;
  std::size_t lines = 0;
  for (auto& name : files) {
    std::ifstream in{name};
    for (std::string line; std::getline(in, line); ++lines)
      keys.insert(boost::json::parse(line).at("key").as_string().c_str());
  }
  CHECK(lines == 4000);
  CHECK(keys.size() == 4000);
  CHECK(x.reports.empty());
}
