#include "net/access/certificate_names.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <array>
#include <locale>

namespace lockserver {

namespace {

constexpr std::string_view uri = "URI:";
constexpr std::string_view dns = "DNS:";
constexpr std::string_view email = "EMAIL:";
constexpr std::string_view subject = "DN:";

constexpr std::array kinds{uri, dns, email, subject};

// Whether it can be a subject in the form of RFC 2253. The forms with spaces after commas
// and around `=` are common, but would never match. A comma in a value has a backslash.
bool is_subject(std::string_view x) {
  for (std::size_t i = 1; i < x.size(); ++i)
    if (x[i] == ' ' && (x[i - 1] == '=' || (x[i - 1] == ',' && (i < 2 || x[i - 2] != '\\'))))
      return false;
  return x.find('=') != std::string_view::npos && x.find(" =") == std::string_view::npos;
}

} // namespace

std::vector<std::string> patterns_of(const peer_names& x) {
  std::vector<std::string> result;
  for (auto& name : x.alternatives)
    result.push_back(normal_pattern(name));
  if (!x.subject.empty())
    result.push_back(x.subject);
  return result;
}

std::string check_certificate_pattern(std::string_view x) {
  auto has_kind = [x](std::string_view kind) {
    return x.size() > kind.size() && x.starts_with(kind);
  };
  if (std::none_of(kinds.begin(), kinds.end(), has_kind))
    return "must be URI:, DNS: or EMAIL: and an alternative name, or DN: and the whole subject";
  // All other characters are escaped in the names of a certificate.
  if (!std::all_of(x.begin(), x.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    return "must be printable ASCII: other characters are escaped in a certificate";
  if (has_kind(subject) && !is_subject(x.substr(subject.size())))
    return "must be the subject as openssl x509 -noout -subject -nameopt RFC2253 prints it, such "
           "as DN:CN=ops,O=Example";
  return {};
}

std::string normal_pattern(std::string_view x) {
  if (!x.starts_with(dns))
    return std::string{x};
  return std::string{dns}
         + boost::algorithm::to_lower_copy(std::string{x.substr(dns.size())},
                                           std::locale::classic());
}

} // namespace lockserver
