// A body comes to the same whole and in pieces, is bounded, and takes no byte
// behind its end. What is left untaken is bounded too.
#include "net/http/request_body.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using fuzz::require;
using lockserver::body_reader;
using lockserver::request_head;

namespace {

struct outcome {
  body_reader::status now;
  int error;
  std::string body;
  std::size_t used;
};

outcome read(const request_head& head, std::string_view text, std::size_t step) {
  body_reader x{head};
  std::size_t used = 0;
  for (std::size_t end = 0; end < text.size() && x.now() == body_reader::status::incomplete;) {
    end = std::min(text.size(), end + step);
    used += x.read(text.substr(used, end - used));
    require(used <= end, "what was taken was there");
    if (x.now() == body_reader::status::incomplete)
      require(end - used <= body_reader::max_extra, "what is kept is bounded");
  }
  require(x.body().size() <= body_reader::max_body, "a body is bounded");
  if (x.now() == body_reader::status::error)
    require(fuzz::is_sentence(x.error().reason), "an error is a sentence");
  return {x.now(), x.error().status, std::string{x.body()}, used};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input input{data, size};
  request_head head;
  head.method = "POST";
  head.target = "/k";
  head.has_body = true;
  head.content_length = input.number(255);
  head.chunked = head.content_length == 0 || head.content_length > 63;
  if (head.chunked)
    head.content_length = 0;
  auto step = 1 + input.number(31);
  auto text = input.rest();
  auto whole = read(head, text, text.size() + 1);
  auto pieces = read(head, text, step);
  if (whole.now == body_reader::status::complete) {
    require(pieces.now == whole.now, "whole and pieces come to the same");
    require(whole.body == pieces.body && whole.used == pieces.used,
            "whole and pieces say the same");
    auto more = std::string{text.substr(0, whole.used)} + "GET / HTTP/1.1";
    require(read(head, more, more.size()).used == whole.used, "nothing is taken behind the end");
  } else if (whole.now == body_reader::status::incomplete) {
    require(pieces.now == whole.now, "whole and pieces are both not over");
  } else {
    require(pieces.now == whole.now, "whole and pieces are both refused");
  }
  return 0;
}
