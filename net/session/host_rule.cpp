#include "net/session/host_rule.hpp"

#include "actors/rules/same_text.hpp"
#include "lockserver/settings.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace lockserver {

namespace {

namespace ip = boost::asio::ip;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 3986, 3.2.2: the characters of a reg-name besides escapes. A table, because each
// request uses it.
constexpr auto name_chars = [] {
  std::array<bool, 256> result{};
  for (unsigned char c : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-._~!$&'()*+,;="})
    result[c] = true;
  return result;
}();

bool is_name_char(std::string_view x, std::size_t at) {
  if (x[at] == '%')
    return x.size() - at > 2 && is_hex(x[at + 1]) && is_hex(x[at + 2]);
  return name_chars[static_cast<unsigned char>(x[at])];
}

bool is_address_v6(std::string_view x) {
  // Longer than any address. A zone is not allowed in a URI.
  if (x.size() > 45 || x.find('%') != std::string_view::npos)
    return false;
  boost::system::error_code ec;
  ip::make_address_v6(x, ec);
  return !ec;
}

// "[::1]:8004" without ":8004" and the brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_loopback(std::string_view host) {
  // No host name ends in a number, so what looks like an address of 127.0.0.0/8 is one.
  if (host.starts_with("127."))
    return std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (host.find(':') != std::string_view::npos)
    return is_address_v6(host) && ip::make_address_v6(host).is_loopback();
  // RFC 6761, 6.3: all names below localhost are this machine.
  constexpr std::string_view name = "localhost";
  if (host.ends_with('.'))
    host.remove_suffix(1);
  return host.size() >= name.size() && same_text(host.substr(host.size() - name.size()), name)
         && (host.size() == name.size() || host[host.size() - name.size() - 1] == '.');
}

// Calls `f` for each part between commas, without the blanks around it.
template <class F>
void for_each_part(std::string_view list, F f) {
  for (std::size_t begin = 0; begin <= list.size();) {
    auto end = std::min(list.find(',', begin), list.size());
    auto part = list.substr(begin, end - begin);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    f(part.substr(0, part.find_last_not_of(' ') + 1));
    begin = end + 1;
  }
}

} // namespace

// Not with Boost.URL: version 1.81 rejects names that begin like an address, such as
// 10.0.0.7.example.
bool is_host(std::string_view x) {
  std::size_t end = 0;
  if (x.starts_with('[')) {
    end = x.find(']');
    if (end == std::string_view::npos || !is_address_v6(x.substr(1, end - 1)))
      return false;
    ++end;
  } else {
    while (end < x.size() && is_name_char(x, end))
      ++end;
  }
  return end == x.size() || (x[end] == ':' && std::all_of(x.begin() + end + 1, x.end(), is_digit));
}

std::string allowed_hosts(const settings& config) {
  if (!config.allowed_hosts.empty())
    return config.allowed_hosts;
  return is_loopback(config.host) ? "localhost" : "*";
}

host_rule::host_rule(const settings& config) {
  for_each_part(allowed_hosts(config), [this](std::string_view name) {
    if (name == "*")
      any_ = true;
    else
      names_.emplace_back(without_port(name));
  });
}

bool host_rule::allows(std::string_view host) const {
  if (any_ || host.empty())
    return true;
  auto name = without_port(host);
  return is_loopback(name) || std::any_of(names_.begin(), names_.end(), [name](auto& x) {
           return same_text(x, name);
         });
}

std::string check_allowed_hosts(std::string_view x) {
  std::string result;
  if (!x.empty())
    for_each_part(x, [&result](std::string_view name) {
      if (name == "*")
        return;
      auto whole = name.starts_with('[') ? name.ends_with(']') : without_port(name) == name;
      if (name.empty() || !is_host(name) || !whole)
        result = "allowed-hosts must be names or addresses without ports, such as "
                 "locks.example,10.0.0.7,[fd00::7], or * for any";
    });
  return result;
}

} // namespace lockserver
