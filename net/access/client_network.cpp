#include "net/access/client_network.hpp"

namespace lockserver {

namespace ip = boost::asio::ip;

namespace {

ip::address unmapped(const ip::address& x) {
  if (x.is_v6() && x.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, x.to_v6());
  return x;
}

} // namespace

client_network::client_network(const ip::address& x) {
  auto address = unmapped(x);
  is_v6_ = address.is_v6();
  if (!is_v6_) {
    bits_ = address.to_v4().to_uint();
    return;
  }
  auto bytes = address.to_v6().to_bytes();
  for (std::size_t i = 0; i < sizeof bits_; ++i)
    bits_ = bits_ << 8 | bytes[i];
}

bool is_this_machine(const ip::address& x) {
  return unmapped(x).is_loopback();
}

std::string to_text(const ip::address& x) {
  return unmapped(x).to_string();
}

} // namespace lockserver
