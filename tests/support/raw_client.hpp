// A client that sends and reads exactly the bytes that a test tells it to, and
// the ways to wait for something with a bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace test {

using clock = std::chrono::steady_clock;

/// No test waits longer than this for what has to happen: long enough for a
/// busy machine and sanitizers.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds{20};

/// Looks every millisecond whether `condition` holds. Returns whether it did
/// within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = patience);

/// A request of HTTP/1.1 without a body.
/// @param headers further lines, each with its CR LF.
std::string get(std::string_view target, std::string_view headers = "");

/// `count` times `text`.
std::string repeat(std::string_view text, std::size_t count);

/// Whether `text` is the answer to a granted LOCK, to the letter.
bool is_expiry(std::string_view text);

/// An answer of HTTP/1.1.
struct response {
  int status = 0;
  std::map<std::string, std::string> headers; ///< Names in lower case.
  std::string body;

  /// The value of a header, or an empty string.
  std::string operator[](const std::string& name) const {
    auto i = headers.find(name);
    return i == headers.end() ? std::string{} : i->second;
  }
};

/// One connection to a server on this machine. Blocks, but never longer than
/// `patience`: what does not come in time, or not as asked for, is thrown as
/// `std::runtime_error`.
class raw_client {
public:
  raw_client() = default; // not connected
  /// @param receive_buffer bytes that the system takes unread; 0 for its own
  ///        choice.
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  raw_client(raw_client&& other) noexcept;
  raw_client& operator=(raw_client&& other) noexcept;
  ~raw_client();

  // -- sending ----------------------------------------------------------------

  raw_client& send(std::string_view bytes);

  /// Sends what the system takes at once; returns how much that was.
  std::size_t send_some(std::string_view bytes);

  /// Sends no more, but still reads.
  raw_client& half_close();

  // -- reading ----------------------------------------------------------------

  /// The next line, its end included.
  std::string line();

  /// The next answer of HTTP/1.1.
  response answer();
  response answer_to_head();

  /// All that comes before the server closes; a reset is an error.
  std::string rest();

  /// Whether the server closes the connection, or resets it, within `limit`
  /// without sending anything more.
  bool closes(std::chrono::milliseconds limit = patience);

  /// The same, whatever it sends before.
  bool ends(std::chrono::milliseconds limit = patience);

  /// Whether nothing has arrived that was not read yet, the end included.
  bool silent();

  // -- ending -----------------------------------------------------------------

  void close();

  /// Closes like a program that was killed with unread input: with RST.
  void reset();

private:
  enum class event { input, end, broken, none };

  event receive(clock::time_point deadline);
  void receive_more(clock::time_point deadline);
  response read_answer(bool has_body);
  std::string_view input() const noexcept;
  std::string take(std::size_t size);

  int socket_ = -1;
  std::string received_;
  std::size_t read_ = 0; // of `received_`
};

} // namespace test
