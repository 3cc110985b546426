// The files of TLS: which are refused at the start, and how they change while the server
// serves.
#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/tls_socket.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

namespace fs = std::filesystem;

std::string content(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const std::string& file, const std::string& text) {
  std::ofstream{file} << text;
}

// A folder with what a server has now: certificate, key, and the authority of clients.
struct served_files {
  explicit served_files(const authority& first) {
    fs::create_directory(file("first"));
    fs::create_directory_symlink("first", file("now"));
    copy(first, "first");
  }

  std::string file(const std::string& name) const {
    return folder.file(name);
  }

  void copy(const authority& from, const std::string& to) const {
    for (const auto* name : {"node.pem", "node.key", "authority.pem"})
      write(file(to + '/' + name), content(from.path(name)));
    fs::permissions(file(to + "/node.key"), fs::perms::owner_read | fs::perms::owner_write);
  }

  settings config() const {
    settings x;
    x.lock_timeout = 600s;
    x.tls_certificate = file("now/node.pem");
    x.tls_key = file("now/node.key");
    x.tls_clients = client_certificates::accept;
    x.tls_clients_authority = file("now/authority.pem");
    x.tls_reload = 0s;
    return x;
  }

  lockserver::test::temporary_directory folder;
};

// Whether a new client that trusts this authority is served.
bool serves_for(const running_server& server, const authority& x) {
  tls_client how;
  how.authority = x.path("authority.pem");
  raw_client client{server.port(), how};
  return client.tls().failure().empty() && client.send(get("/PING")).answer().body == "1\n";
}

std::string start_problem(const settings& x) {
  lockserver::server server{running_server::on_free_port(x)};
  CHECK(server.start() == std::errc::io_error);
  return server.start_problem();
}

} // namespace

TEST_CASE("new files of TLS take the place of the old ones, however they come", "[net][tls]") {
  authority first{"first"};
  authority second{"second"};
  served_files files{first};
  auto config = files.config();
  auto by_itself = GENERATE(true, false);
  if (by_itself)
    config.tls_reload = 20ms;
  running_server server{config};
  auto old = [&] {
    tls_client how;
    how.authority = first.path("authority.pem");
    return raw_client{server.port(), how};
  }();
  REQUIRE(is_expiry(old.send(get("/LOCK/key/me")).answer().body));
  REQUIRE(serves_for(server, first));
  SECTION("written anew") {
    files.copy(second, "first");
  }
  SECTION("renamed") {
    fs::create_directory(files.file("next"));
    files.copy(second, "next");
    for (const auto* name : {"node.pem", "node.key", "authority.pem"})
      fs::rename(files.file(std::string{"next/"} + name), files.file(std::string{"first/"} + name));
  }
  SECTION("behind a link to another folder") {
    fs::create_directory(files.file("second"));
    files.copy(second, "second");
    fs::create_directory_symlink("second", files.file("swapped"));
    fs::rename(files.file("swapped"), files.file("now"));
  }
  if (!by_itself)
    server->reload();
  CHECK(eventually([&] { return serves_for(server, second); }));
  CHECK_FALSE(serves_for(server, first));
  // Who was there before stays.
  CHECK(old.send(get("/VERIFY/key/me")).answer().body == "1\n");
}

TEST_CASE("when one file is wrong, all stay as they were", "[net][tls]") {
  authority first{"first"};
  authority second{"second"};
  served_files files{first};
  running_server server{files.config()};
  SECTION("the certificate is new, the key is not yet") {
    write(files.file("first/node.pem"), content(second.path("node.pem")));
  }
  SECTION("the certificate is written by half") {
    auto whole = content(second.path("node.pem"));
    write(files.file("first/node.pem"), whole.substr(0, whole.size() / 2));
  }
  SECTION("the key is written by half") {
    auto whole = content(first.path("node.key"));
    write(files.file("first/node.key"), whole.substr(0, whole.size() / 2));
  }
  SECTION("the key is gone") {
    fs::remove(files.file("first/node.key"));
  }
  SECTION("the key is for all to read") {
    fs::permissions(files.file("first/node.key"), fs::perms::others_read, fs::perm_options::add);
  }
  SECTION("the certificate has expired") {
    second.issue("old", "/CN=node", "DNS:localhost,IP:127.0.0.1", -1);
    write(files.file("first/node.pem"), content(second.path("old.pem")));
    write(files.file("first/node.key"), content(second.path("old.key")));
  }
  SECTION("the authority of the clients is empty, the rest is new") {
    files.copy(second, "first");
    write(files.file("first/authority.pem"), "");
  }
  server->reload();
  REQUIRE(eventually([&] { return server->count().reload_failures == 1; }));
  CHECK(serves_for(server, first));
  // Once they fit together again, they are taken.
  files.copy(second, "first");
  server->reload();
  CHECK(eventually([&] { return serves_for(server, second); }));
  CHECK(server->count().reload_failures == 1);
}

TEST_CASE("a client whose authority is not trusted any more is not served any more", "[net][tls]") {
  authority first{"first"};
  authority second{"second"};
  served_files files{first};
  running_server server{files.config()};
  auto connect = [&](bool shows) {
    tls_client how;
    how.authority = first.path("authority.pem");
    if (shows) {
      how.certificate = first.path("node.pem");
      how.key = first.path("node.key");
    }
    return raw_client{server.port(), how};
  };
  auto shows = connect(true);
  auto waits = connect(true);
  auto shows_none = connect(false);
  REQUIRE(is_expiry(shows.send(get("/LOCK/key/me")).answer().body));
  REQUIRE(shows_none.send(get("/PING")).answer().body == "1\n");
  waits.send(get("/LOCK/key/other?lock_attempt_timeout=60"));
  REQUIRE(server.gets_waiters(1));
  write(files.file("first/authority.pem"), content(second.path("authority.pem")));
  server->reload();
  REQUIRE(eventually([&] {
    auto answer = connect(false).send(get("/PING")).answer();
    REQUIRE(answer.status == 200);
    raw_client again = connect(true);
    try {
      return again.send(get("/PING")).answer().status != 200;
    } catch (const std::exception&) {
      return true;
    }
  }));
  CHECK(waits.answer().status == 401);
  CHECK(server.gets_waiters(0));
  CHECK(shows.send(get("/LOCK/other/me")).answer().status == 401);
  CHECK(shows.closes());
  CHECK(shows_none.send(get("/CHECK/other")).answer().body == "0\n");
  CHECK(shows_none.send(get("/VERIFY/key/me")).answer().body == "1\n");
}

TEST_CASE("files of TLS that cannot be used keep the server from starting, with a sentence",
          "[net][tls]") {
  authority ours{"ours"};
  authority theirs{"theirs"};
  auto good = with_tls(ours);
  good.tls_clients = client_certificates::require;
  good.tls_clients_authority = ours.path("authority.pem");
  auto config = good;
  config.tls_certificate = "none.pem";
  CHECK(start_problem(config)
        == "the certificate 'none.pem' cannot be used: No such file or directory");
  config = good;
  config.tls_certificate = ours.path("node.key");
  CHECK(start_problem(config)
        == "the certificate '" + config.tls_certificate + "' cannot be used: no start line");
  config = good;
  config.tls_key = theirs.path("node.key");
  CHECK(start_problem(config)
        == "the key '" + config.tls_key
             + "' cannot be used: it is not the key of the certificate (key values mismatch)");
  config = good;
  config.tls_key = ours.path("secret.key");
  ours.openssl("ec -in node.key -aes128 -passout pass:x -out secret.key");
  CHECK(start_problem(config).find("it is encrypted, and a program cannot ask for its passphrase")
        != std::string::npos);
  config = good;
  config.tls_key = ours.path("open.key");
  write(config.tls_key, content(ours.path("node.key")));
  fs::permissions(config.tls_key, fs::perms::others_read, fs::perm_options::add);
  CHECK(start_problem(config)
        == "the key '" + config.tls_key
             + "' cannot be used: others than its owner and group may access it: chmod o= "
             + config.tls_key);
  config = good;
  config.tls_clients_authority = ours.path("node.key");
  CHECK(start_problem(config)
        == "the clients' authority '" + config.tls_clients_authority
             + "' cannot be used: there is no certificate in it");
}
