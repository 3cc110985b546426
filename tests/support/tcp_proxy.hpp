// The network of the tests. It forwards TCP connections to a server on this machine, and
// can be silent, slow, or cut.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace test {

class tcp_proxy {
public:
  explicit tcp_proxy(std::uint16_t target);
  ~tcp_proxy();
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;

  std::uint16_t port() const;

  // Each of these has taken effect when it returns.

  /// Forwards no bytes from now on, and tells nobody. New connections are not served
  /// either. What is sent meanwhile arrives after `heal`, as when TCP retransmits.
  void go_silent();

  /// The same, for one direction only.
  void go_silent_to_server();
  void go_silent_to_client();

  /// Forwards each byte with this delay.
  void delay(std::chrono::milliseconds by);

  /// Makes the present connections silent forever, as when a firewall has forgotten them.
  /// New connections are served.
  void forget_connections();

  /// Resets the present connections on the server's side, and makes them silent forever
  /// on the client's. This is what happens when a proxy's machine fails just after it has
  /// spoken to the server.
  void reset_server_side();

  /// Closes all connections on both sides, and every new one.
  void cut();

  /// Resets all connections on both sides. Bytes under way are lost. New connections are
  /// served.
  void reset();

  /// Restores the network.
  void heal();

  /// Open connections.
  int connections() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace test
