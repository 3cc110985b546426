#include "net/server/address.hpp"

#include <boost/asio/io_context.hpp>

namespace lockserver {

using boost::asio::ip::tcp;

tcp::endpoint resolve_endpoint(const std::string& host, std::uint16_t port,
                               boost::system::error_code& ec) {
  auto address = boost::asio::ip::make_address(host, ec);
  if (!ec)
    return {address, port};
  boost::asio::io_context context;
  tcp::resolver resolver{context};
  auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, ec);
  return ec || found.empty() ? tcp::endpoint{} : found.begin()->endpoint();
}

std::string reachable_host(const std::string& host) {
  boost::system::error_code ec;
  auto address = boost::asio::ip::make_address(host, ec);
  if (ec || !address.is_unspecified())
    return host;
  return address.is_v6() ? "::1" : "127.0.0.1";
}

} // namespace lockserver
