// A connection of CAF's network (BASP), plain or with TLS. CAF calls such a thing
// a scribe. Its own does without limits, and its TLS lets one handshake that fails
// break other connections.
#pragma once

#include "actors/compat/hosting.hpp"
#include "actors/compat/messaging.hpp"
#include "net/tls/tls.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lockserver {

/// Belongs to CAF's BASP broker, and to its middleman's thread from `add_scribe`
/// or the message with which the broker gets it.
class basp_connection : public caf::io::scribe {
public:
  using multiplexer = caf::io::network::default_multiplexer;
  using native_socket = caf::io::network::native_socket;

  /// That of CAF, in which all connections of a system live.
  static multiplexer& multiplexer_of(caf::actor_system& sys);

  /// @param fd connected; closed in the end.
  /// @param tls none: plain.
  basp_connection(multiplexer& mx, native_socket fd, std::optional<tls_session> tls);

  // -- what the broker tells it --------------------------------------------------

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }
  auto wr_buf() -> decltype(std::declval<caf::io::scribe&>().wr_buf()) override {
    return open_ ? stream_.wr_buf() : early_;
  }
  auto rd_buf() -> decltype(std::declval<caf::io::scribe&>().rd_buf()) override {
    return stream_.rd_buf();
  }
  void flush() override;
  void graceful_shutdown() override;
  void add_to_loop() override {
    stream_.activate(this);
  }
  void remove_from_loop() override {
    stream_.passivate();
  }
  std::string addr() const override;
  std::uint16_t port() const override;

protected:
  /// Closes it, whatever has not been written yet, and tells the broker. Not while
  /// the broker is doing something.
  void close();

  /// Closes it soon: whatever is read or written next fails.
  void break_connection() noexcept;

  native_socket socket() const noexcept {
    return stream_.fd();
  }
  const tls_session* tls() const noexcept {
    return tls_ ? &*tls_ : nullptr;
  }

private:
  // Reads and writes for the stream.
  struct transport {
    basp_connection& owner;
    using result = caf::io::network::rw_state;

    result read_some(std::size_t& n, native_socket fd, void* data, std::size_t size);
    result write_some(std::size_t& n, native_socket fd, const void* data, std::size_t size);
    bool must_read_more(native_socket fd, std::size_t threshold);
  };

  caf::io::network::stream_impl<transport> stream_;
  std::optional<tls_session> tls_; // uses the stream's socket
  bool launched_ = false;
  bool open_;                                                      // plain, or past TLS's handshake
  std::decay_t<decltype(std::declval<scribe&>().wr_buf())> early_; // what is written before
};

/// Gives a connection up whose other side takes nothing, or is gone without a
/// word, in about that time: the system would try for hours.
void limit_silence(int fd, std::chrono::milliseconds time) noexcept;

} // namespace lockserver
