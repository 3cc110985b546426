#include "net/server/reloader.hpp"

#include "tests/support/catch.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

using lockserver::reloader;

namespace {

// A thing that is read: what it is now, and what a look finds.
struct part {
  std::string now;
  std::string found; // "wrong": it cannot be used

  reloader::prepare preparation() {
    return [this]() -> reloader::commit {
      if (found == "wrong")
        throw std::invalid_argument{"the file is wrong"};
      if (found == now)
        return {};
      return [this, next = found] { now = next; };
    };
  }
};

struct world {
  world() {
    log.set_pattern("%v");
    reload.add("one", one.preparation());
    reload.add("two", two.preparation());
  }

  // What is in the log since the last call.
  std::string said() {
    auto result = out.str();
    out.str("");
    return result;
  }

  std::ostringstream out;
  spdlog::logger log{"", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)};
  part one{"a", "a"};
  part two{"a", "a"};
  reloader reload{log};
};

} // namespace

TEST_CASE("all that has changed is put in place") {
  world x;
  x.reload.look(false);
  CHECK(x.said() == "");
  x.one.found = "b";
  x.reload.look(false);
  CHECK(x.one.now == "b");
  CHECK(x.two.now == "a");
  CHECK(x.said() == "reloaded: one\n");
  x.one.found = x.two.found = "c";
  x.reload.look(true);
  CHECK(x.one.now + x.two.now == "cc");
  CHECK(x.said() == "reloaded: one, two\n");
  x.reload.look(true);
  CHECK(x.said() == "nothing is reloaded: no file has changed\n");
  CHECK(x.reload.failures() == 0);
}

TEST_CASE("when one thing is wrong, nothing is put in place") {
  world x;
  x.one.found = "b";
  x.two.found = "wrong";
  x.reload.look(false);
  CHECK(x.one.now + x.two.now == "aa");
  CHECK(x.reload.failures() == 1);
  const std::string sentence = "nothing is reloaded, all stays as it was: the file is wrong\n";
  CHECK(x.said() == sentence);
  // Said once, unless somebody asks.
  x.reload.look(false);
  CHECK(x.said() == "");
  x.reload.look(true);
  CHECK(x.said() == sentence);
  CHECK(x.reload.failures() == 3);
  x.two.found = "b";
  x.reload.look(false);
  CHECK(x.one.now + x.two.now == "bb");
  CHECK(x.said() == "reloaded: one, two\n");
  x.two.found = "wrong";
  x.reload.look(false);
  CHECK(x.said() == sentence);
}
