#include "tests/support/certificates.hpp"

#include "tests/support/temporary_directory.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace test {

namespace {

std::string new_key(const std::string& name) {
  return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + name + ".key";
}

} // namespace

authority::authority(const std::string& name) {
  auto folder = std::make_shared<lockserver::test::temporary_directory>();
  path_ = folder->path();
  folder_ = std::move(folder);
  openssl("req -x509 " + new_key("authority") + " -days 2 -subj /CN=" + name
          + " -out authority.pem");
  issue("node");
}

void authority::issue(const std::string& name, const std::string& subject, const std::string& names,
                      int days) const {
  openssl("req " + new_key(name) + " -subj '" + subject + "' -addext 'subjectAltName=" + names
          + "' -out " + name + ".csr");
  openssl("x509 -req -in " + name + ".csr -CA authority.pem -CAkey authority.key"
          + " -CAcreateserial -copy_extensions copy -days " + std::to_string(days) + " -out " + name
          + ".pem");
}

void authority::revoke(const std::string& name) const {
  run("touch index.txt && echo 01 > crlnumber && printf '[ca]\\ndatabase=index.txt\\n"
      "crlnumber=crlnumber\\ndefault_md=sha256\\ndefault_crl_days=2\\n' > ca.cnf");
  const std::string ca = "ca -config ca.cnf -name ca -cert authority.pem -keyfile authority.key ";
  openssl(ca + "-revoke " + name + ".pem");
  openssl(ca + "-gencrl -out list.pem");
  run("cat authority.pem list.pem > with-revoked.pem");
}

lockserver::tls_files authority::files(const std::string& name) const {
  return {path(name + ".pem"), path(name + ".key"), path("authority.pem")};
}

std::string authority::path(const std::string& file) const {
  return path_ + '/' + file;
}

void authority::openssl(const std::string& arguments) const {
  run("openssl " + arguments + " 2>openssl.log");
}

void authority::run(const std::string& command) const {
  auto line = "cd '" + path_ + "' && " + command;
  if (std::system(line.c_str()) != 0)
    throw std::runtime_error{"failed: " + line};
}

lockserver::settings with_tls(const authority& x, lockserver::settings config) {
  config.tls_certificate = x.path("node.pem");
  config.tls_key = x.path("node.key");
  return config;
}

bool over_tls() {
  return std::getenv("LOCKSERVER_TEST_TLS") != nullptr;
}

const authority& common_authority() {
  static const authority result{"tests"};
  return result;
}

} // namespace test
