// The part of a client's address by which clients are counted. Knows no sockets.
#pragma once

#include "actors/rules/seeded_hash.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

/// An IPv4 address, or the first 64 bits of an IPv6 address, because a host can use any
/// address of its network. An IPv4-mapped IPv6 address counts as IPv4.
class client_network {
public:
  explicit client_network(const boost::asio::ip::address& x);

  friend bool operator==(const client_network&, const client_network&) = default;

  /// Seeded, because clients choose their addresses and could make them collide.
  struct hash {
    std::size_t operator()(const client_network& x) const {
      return seeded_hash{}({reinterpret_cast<const char*>(&x.bits_), sizeof x.bits_});
    }
  };

private:
  std::uint64_t bits_ = 0;
  bool is_v6_ = false;
};

/// Whether the address is of this machine, so that nobody else can read what comes from it.
bool is_this_machine(const boost::asio::ip::address& x);

/// The address without a port, for the audit log: "192.0.2.7".
std::string to_text(const boost::asio::ip::address& x);

} // namespace lockserver
