// What the client library reads from whatever answers on the server's port: the same
// whole and in pieces, bounded, and without exceptions.
#include "net/client/client_answer.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace lockserver;
using fuzz::require;

namespace {

constexpr std::size_t most_body = 1024;

exchange_result read_in_pieces(std::string_view text, std::size_t step) {
  answer_reader reader{most_body};
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size() && !reader.done() && !reader.error()) {
    end = std::min(text.size(), end + step);
    for (std::size_t size = 1; size > 0 && used < end && !reader.done() && !reader.error();) {
      size = reader.read(text.substr(used, end - used));
      used += size;
      require(used <= end, "what was taken was there");
    }
  }
  reader.end();
  exchange_result result;
  result.error = reader.error();
  require(reader.done() == !reader.error(), "there is an answer or an error");
  if (reader.done())
    reader.take(used < text.size(), result);
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input input{data, size};
  auto step = 1 + input.number(31);
  auto text = input.rest();
  auto whole = read_answer(text, most_body);
  require(whole.body.size() <= most_body, "a body is bounded");
  require(whole.error || (whole.status >= 200 && whole.status <= 999), "an answer is a final one");
  require(!whole.error || whole.body.empty(), "there is an answer or an error");
  auto pieces = read_in_pieces(text, step);
  // Which error may differ: of a head in pieces the parser waits for the end.
  require(!whole.error == !pieces.error, "whole and pieces come to the same");
  require(whole.status == pieces.status && whole.body == pieces.body
            && whole.complaint == pieces.complaint,
          "whole and pieces say the same");
  return 0;
}
