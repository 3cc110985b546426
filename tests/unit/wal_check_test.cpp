// Logs as SQLite writes them, and what may have become of them.
#include "store/sqlite/sqlite.hpp"
#include "store/sqlite/wal_check.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;

namespace {

constexpr std::size_t frame_size = 24 + 4096;

// A database of SQLite that never copies its log.
class logged_database {
public:
  logged_database() : db_(directory_.file("x"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    db_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "CREATE TABLE t (n INTEGER PRIMARY KEY, text)");
  }
  // A transaction that changes so many pages, and one more.
  void commit(int pages, char text = 'x') {
    db_.run("BEGIN");
    for (int i = 0; i < pages; ++i)
      db_.run(("INSERT INTO t (text) VALUES ('" + std::string(4000, text) + "')").c_str());
    db_.run("COMMIT");
  }
  // Copies the log into the file, so that the next commit begins it anew.
  void copy_log() {
    db_.run("PRAGMA wal_checkpoint(RESTART)");
  }
  sqlite::database& db() {
    return db_;
  }
  std::string log() const {
    std::ifstream in{directory_.file("x-wal"), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

private:
  temporary_directory directory_{"/dev/shm"};
  sqlite::database db_;
};

wal_report check(const std::string& log) {
  std::istringstream in{log};
  return check_wal(in);
}

std::string flipped(std::string log, std::size_t place) {
  log[place] = static_cast<char>(~log[place]);
  return log;
}

// Each byte of what is not a page, and some of each page.
std::vector<std::size_t> places(std::size_t begin, std::size_t end) {
  std::vector<std::size_t> result;
  for (auto x = begin; x < end; ++x) {
    auto in_frame = (x - wal_header_size) % frame_size;
    if (x < wal_header_size || in_frame < 24 || in_frame % 127 == 0)
      result.push_back(x);
  }
  return result;
}

} // namespace

TEST_CASE("a log as SQLite writes it is sound") {
  logged_database x;
  CHECK(check(x.log()).what == wal_report::sound);
  x.commit(3);
  x.commit(1);
  auto found = check(x.log());
  CHECK(found.what == wal_report::sound);
  CHECK(found.position == 0);
  CHECK(found.size == x.log().size());
}

TEST_CASE("a log that SQLite has begun anew is sound, whatever is behind its end") {
  logged_database x;
  for (int i = 0; i < 5; ++i)
    x.commit(2);
  x.copy_log();
  CHECK(check(x.log()).what == wal_report::sound);
  auto size = x.log().size();
  x.commit(1);
  REQUIRE(x.log().size() == size);
  auto found = check(x.log());
  CHECK(found.what == wal_report::sound);
  CHECK(found.position > wal_header_size);
  CHECK(found.position < size);
}

TEST_CASE("a log without a byte is empty, and one without a right header says so") {
  logged_database x;
  x.commit(1);
  auto log = x.log();
  CHECK(check("").what == wal_report::empty);
  for (std::size_t size = 1; size < wal_header_size; ++size)
    CHECK(check(log.substr(0, size)).what == wal_report::bad_header);
  for (std::size_t place = 0; place < wal_header_size; ++place)
    CHECK(check(flipped(log, place)).what == wal_report::bad_header);
  CHECK(check(std::string(10'000, 'x')).what == wal_report::bad_header);
  CHECK(check(std::string(10'000, '\0')).what == wal_report::bad_header);
}

TEST_CASE("a log that is cut off anywhere behind its header is sound") {
  logged_database x;
  for (int i = 0; i < 3; ++i)
    x.commit(2);
  auto log = x.log();
  for (auto size = std::size_t{wal_header_size}; size < log.size(); size += 13)
    if (check(log.substr(0, size)).what != wal_report::sound)
      FAIL(size);
}

TEST_CASE("a byte that is wrong anywhere before the last transaction is found") {
  logged_database x;
  x.commit(1, 'a'); // a frame for each page, and one for the root
  x.commit(3, 'b');
  x.commit(1, 'c');
  auto end = x.log().size();
  x.commit(2, 'd');
  auto log = x.log();
  for (auto place : places(wal_header_size, end)) {
    auto found = check(flipped(log, place));
    CAPTURE(place);
    if (found.what != wal_report::damaged)
      FAIL("not found");
    auto frame = (place - wal_header_size) / frame_size;
    if (found.position != wal_header_size + frame * frame_size)
      FAIL(found.position);
  }
  for (auto place : places(end, log.size()))
    if (check(flipped(log, place)).what != wal_report::sound)
      FAIL(place);
}

TEST_CASE("a part that is wrong before the last two transactions is found") {
  logged_database x;
  for (int i = 0; i < 6; ++i)
    x.commit(1);
  auto log = x.log();
  auto last_two = log.size() - 4 * frame_size;
  // As a disk loses it, and over all parts of frames.
  for (std::size_t place = wal_header_size; place + 4096 < last_two; place += 500) {
    auto wiped = log;
    wiped.replace(place, 4096, 4096, '\0');
    if (check(wiped).what != wal_report::damaged)
      FAIL(place);
  }
}

TEST_CASE("whatever a power cut leaves of the last transaction, the log is sound") {
  auto seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  std::mt19937 random{seed};
  logged_database x;
  // Behind the end there may be nothing, or what was there before.
  for (int i = 0; i < 40; ++i)
    x.commit(3, 'o');
  if (seed % 2 == 0)
    x.copy_log();
  for (auto i = random() % 30; i > 0; --i)
    x.commit(1);
  auto before = x.log();
  x.commit(static_cast<int>(random() % 40));
  auto after = x.log();
  before.resize(after.size(), '\0');
  for (int i = 0; i < 200; ++i) {
    auto torn = before;
    auto written = 1 + random() % 9; // of ten
    for (std::size_t place = 0; place < torn.size(); place += 512)
      if (random() % 10 < written)
        torn.replace(place, 512, after, place, 512);
    if (auto found = check(torn); found.what != wal_report::sound)
      FAIL(found.position);
  }
}

TEST_CASE("what is left of transactions that failed does not make a log look damaged") {
  failing_disk disk;
  logged_database x;
  x.commit(1);
  auto failing = [&](int pages, char text) {
    disk.sync = SQLITE_IOERR_FSYNC;
    CHECK_THROWS_AS(x.commit(pages, text), sqlite::error);
    disk.sync = SQLITE_OK;
    if (x.db().in_transaction())
      x.db().run("ROLLBACK");
  };
  failing(9, 'f');
  failing(6, 'g');
  auto begin = x.log();
  x.commit(1, 'a');
  CHECK(check(x.log()).what == wal_report::sound);
  auto before = x.log();
  x.commit(1, 'b');
  auto after = x.log();
  CHECK(check(after).what == wal_report::sound);
  // The last commit torn, on top of the failed ones.
  for (std::size_t sector = 0; sector < after.size(); sector += 512) {
    auto torn = after;
    torn.replace(sector, 512, before, sector, 512);
    if (check(torn).what != wal_report::sound)
      FAIL(sector);
  }
}
