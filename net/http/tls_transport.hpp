// HTTP over TLS.
#pragma once

#include "net/http/transport.hpp"
#include "net/tls/https_files.hpp"
#include "net/tls/tls.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lockserver {

/// All that a read brings is decrypted at once, and all that a turn writes is encrypted
/// together: OpenSSL sees no socket, and a connection that waits has no buffers.
class tls_transport final : public transport {
public:
  /// @param files with the context of now; outlive this.
  tls_transport(tcp::socket socket, const https_context& files);

  std::string problem() const override;
  std::string_view read(io_thread& host, error_code& ec) override;
  std::size_t write(std::string_view data, bool is_last, error_code& ec) override;
  position readable_in(position wire) override;
  bool is_encrypted() const override {
    return true;
  }
  peer_names peer() const override;
  bool is_trusted() const override;

private:
  // A record that was encrypted: where it ends, in both streams.
  struct mark {
    position plain;
    position wire;
  };

  bool begins_with_tls(std::string_view data);
  std::string_view decrypt(std::string_view wire, io_thread& host, error_code& ec);
  void encrypt(std::string_view data);
  void note_output() noexcept {
    unsent_ = buffers_.out.size() - out_sent_;
  }

  const https_context& files_;
  mutable unsigned version_; // of the files by which the certificate was checked last
  tls_buffers buffers_;
  tls_session session_;
  std::size_t out_sent_ = 0;    // of `buffers_.out`
  std::vector<mark> marks_;     // of records that may not have arrived
  std::size_t most_marks_ = 64; // until it is looked what has arrived
  position plain_ = 0;          // what was encrypted
  position readable_ = 0;       // has arrived, as far as it was asked for
  bool is_first_ = true;        // nothing has come yet
  bool is_plain_ = false;       // the client does not speak TLS
  bool has_failed_ = false;
  bool end_written_ = false;
};

} // namespace lockserver
