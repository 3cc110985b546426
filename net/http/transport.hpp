// What carries the bytes of one connection: the wire, below HTTP. Plain TCP or TLS; a
// connection is served in one way over both.
#pragma once

#include "actors/rules/peer_names.hpp"
#include "net/io/io_thread.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lockserver {

/// Owns the socket. Called once for each event of it, not for each byte. There are two
/// streams of bytes to the client: what HTTP says, and what is on the wire. A position is
/// how many bytes precede a place in one of them.
class transport {
public:
  using tcp = boost::asio::ip::tcp;
  using position = std::uint64_t;
  using error_code = boost::system::error_code;

  /// @param socket does not block.
  explicit transport(tcp::socket socket) : socket_(std::move(socket)) {
  }
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  tcp::socket& socket() noexcept {
    return socket_;
  }

  /// Whether HTTP goes through: there is no handshake, or it is over. If it never comes to
  /// that, because the client speaks something else, `read` fails, and `write` sends what
  /// the client is told.
  bool is_open() const noexcept {
    return is_open_;
  }

  /// Why the client was not understood; for the log.
  virtual std::string problem() const = 0;

  /// What has come of HTTP; valid until the thread reads again. Perhaps nothing.
  /// @param[out] ec why no more follows for now: `would_block`, or never: `eof`, or another
  ///        error.
  virtual std::string_view read(io_thread& host, error_code& ec) = 0;

  /// Sends as much as the socket takes, what is `unsent` before it.
  /// @param is_last nothing follows: the client is told so, if the protocol has a way.
  /// @param[out] ec `would_block`: what was taken, or what was not, is to be sent when the
  ///        socket is writable; or another error.
  /// @return how many bytes of `data` were taken.
  virtual std::size_t write(std::string_view data, bool is_last, error_code& ec) = 0;

  /// Bytes of the wire that `write` has to send, beside its `data`.
  std::size_t unsent() const noexcept {
    return unsent_;
  }

  /// Bytes of the wire that the system has taken.
  position sent() const noexcept {
    return sent_;
  }

  /// How far what HTTP says reaches in the first `wire` bytes of the wire. Not less than
  /// what was asked for before.
  virtual position readable_in(position wire) = 0;

  /// Whether others on the way can read nothing of it.
  virtual bool is_encrypted() const {
    return false;
  }

  /// What the client's certificate says, if it has shown one.
  virtual peer_names peer() const {
    return {};
  }

  /// Whether the client may go on with the certificate that it has shown, if it has: the
  /// authorities may have changed.
  virtual bool is_trusted() const {
    return true;
  }

protected:
  // Sends to the socket. Returns how many bytes it took.
  std::size_t send(std::string_view data, error_code& ec);

  bool is_open_ = true;
  std::size_t unsent_ = 0;

private:
  tcp::socket socket_;
  position sent_ = 0;
};

/// Makes the transport of an accepted connection.
using transport_maker = std::function<std::unique_ptr<transport>(transport::tcp::socket)>;

} // namespace lockserver
