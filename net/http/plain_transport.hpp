// HTTP straight over TCP.
#pragma once

#include "net/http/transport.hpp"

namespace lockserver {

class plain_transport final : public transport {
public:
  using transport::transport;

  std::string problem() const override;
  std::string_view read(io_thread& host, error_code& ec) override;
  std::size_t write(std::string_view data, bool is_last, error_code& ec) override;
  position readable_in(position wire) override {
    return wire;
  }

private:
  bool is_first_ = true; // nothing has come yet
};

} // namespace lockserver
