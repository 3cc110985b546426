// Beast's parser of requests without a message to fill.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>

namespace lockserver {

/// Checks the form of a request and keeps nothing of it. Who derives from it
/// overrides what it wants to know of.
class plain_parser : public boost::beast::http::basic_parser<true> {
protected:
  using text = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, text, text, int, error_code& ec) override {
    ec = {};
  }
  void on_response_impl(int, text, int, error_code&) override { // it reads no answers
  }
  void on_field_impl(boost::beast::http::field, text, text, error_code& ec) override {
    ec = {};
  }
  void on_header_impl(error_code& ec) override {
    ec = {};
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override {
    ec = {};
  }
  std::size_t on_body_impl(text, error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t, text, error_code& ec) override {
    ec = {};
  }
  std::size_t on_chunk_body_impl(std::uint64_t, text, error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_finish_impl(error_code& ec) override {
    ec = {};
  }
};

} // namespace lockserver
