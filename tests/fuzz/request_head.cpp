// A head comes to the same whole and in pieces, points into its input, and is
// bounded.
#include "net/http/request_head.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using fuzz::require;
using lockserver::head_reader;
using lockserver::http_version;

namespace {

void check_head(const head_reader& reader, std::string_view text) {
  auto& head = reader.head();
  auto in_text = [text](std::string_view x) {
    return x.empty()
           || (x.data() >= text.data() && x.data() + x.size() <= text.data() + text.size());
  };
  require(reader.size() > 0 && reader.size() <= text.size(), "the head is in the input");
  require(reader.size() <= head_reader::max_head, "a head is bounded");
  require(head.target.size() <= head_reader::max_target, "a target is bounded");
  require(!head.method.empty() && in_text(head.method), "the method is in the input");
  require(head.target == "/" || in_text(head.target), "the target is in the input");
  require(in_text(head.host) && in_text(head.content_type), "the fields are in the input");
  require(!(head.chunked && head.content_length > 0), "a body has one length");
  require(head.has_body == (head.chunked || head.content_length > 0), "a body has a length");
  if (head.version == http_version::v0_9)
    require(!head.keep_alive && !head.has_body, "HTTP/0.9 is one line");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input input{data, size};
  auto is_first = input.number(1) == 0;
  auto step = 1 + input.number(31);
  auto text = input.rest();
  head_reader whole;
  head_reader pieces;
  if (!is_first) {
    whole.reset();
    pieces.reset();
  }
  auto result = whole.read(text);
  auto in_pieces = head_reader::status::incomplete;
  std::size_t end = 0;
  while (end < text.size() && in_pieces == head_reader::status::incomplete) {
    end = std::min(text.size(), end + step);
    in_pieces = pieces.read(text.substr(0, end));
  }
  if (text.empty())
    in_pieces = pieces.read(text);
  require(result == in_pieces, "whole and pieces come to the same");
  if (result == head_reader::status::complete) {
    check_head(whole, text);
    require(whole.size() == pieces.size() && whole.head().target == pieces.head().target
              && whole.head().host == pieces.head().host
              && whole.head().has_body == pieces.head().has_body
              && whole.head().keep_alive == pieces.head().keep_alive,
            "whole and pieces say the same");
  } else if (result == head_reader::status::error) {
    require(fuzz::is_sentence(whole.error().reason), "an error is a sentence");
    require(whole.error().status == pieces.error().status, "the errors are the same");
    head_reader::target_in(text);
  }
  return 0;
}
