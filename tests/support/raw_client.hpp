// A client that sends and reads exactly the bytes of a test, and functions that wait with
// a time limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace test {

class tls_socket;
struct tls_client;

using clock = std::chrono::steady_clock;

/// No test waits longer than this for an event. Long enough for a busy machine and
/// sanitizers.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds{20};

/// Checks `condition` every millisecond. Returns whether it became true within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = patience);

/// An HTTP/1.1 request without a body.
/// @param headers further lines, each with CR LF.
std::string get(std::string_view target, std::string_view headers = "");

/// `count` times `text`.
std::string repeat(std::string_view text, std::size_t count);

/// Whether `text` is exactly the answer to a granted LOCK.
bool is_expiry(std::string_view text);

/// An HTTP/1.1 answer.
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

/// One connection to a server on this machine, over TLS if it is told so or if
/// LOCKSERVER_TEST_TLS is set. Blocks, but never longer than `patience`.
/// Throws `std::runtime_error` if something does not arrive in time or as expected.
class raw_client {
public:
  raw_client(); // not connected
  /// @param receive_buffer the size of the system's receive buffer, in bytes; 0: the
  ///        default.
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  /// Over TLS. When the handshake fails, `tls().failure()` says why.
  raw_client(std::uint16_t port, const tls_client& how, int receive_buffer = 0);
  /// Never over TLS.
  static raw_client plain(std::uint16_t port, int receive_buffer = 0);
  raw_client(raw_client&& other) noexcept;
  raw_client& operator=(raw_client&& other) noexcept;
  ~raw_client();

  // -- sending ----------------------------------------------------------------

  raw_client& send(std::string_view bytes);

  /// Sends as it is, whatever TLS makes of it. A few bytes.
  void send_raw(std::string_view bytes);

  /// Sends as much as the system accepts at once. Returns how much.
  std::size_t send_some(std::string_view bytes);

  /// The TLS of the connection. @pre it has one.
  tls_socket& tls() noexcept {
    return *tls_;
  }

  /// Closes the sending side; reading is still possible.
  raw_client& half_close();

  // -- reading ----------------------------------------------------------------

  /// The next line, including its end.
  std::string line();

  /// The next HTTP/1.1 answer.
  response answer();
  response answer_to_head();

  /// Everything until the server closes the connection; a reset is an error.
  std::string rest();

  /// Whether the server closes or resets the connection within `limit` without sending
  /// anything more.
  bool closes(std::chrono::milliseconds limit = patience);

  /// The same, but the server may send something before.
  bool ends(std::chrono::milliseconds limit = patience);

  /// Whether there is nothing unread, neither bytes nor the end.
  bool silent();

  // -- ending -----------------------------------------------------------------

  void close();

  /// Closes without a word of TLS.
  void cut();

  /// Closes with RST, as a killed program with unread input does.
  void reset();

private:
  struct no_tls {};
  raw_client(std::uint16_t port, int receive_buffer, no_tls how);
  void shake_hands(const tls_client& how);
  std::size_t send_by_tls(std::string_view bytes);

  enum class event { input, end, broken, none };

  event receive_by_tls(clock::time_point deadline);
  event receive(clock::time_point deadline);
  void receive_more(clock::time_point deadline);
  response read_answer(bool has_body);
  std::string_view input() const noexcept;
  std::string take(std::size_t size);

  int socket_ = -1;
  std::unique_ptr<tls_socket> tls_; // null: plain
  std::string received_;
  std::size_t read_ = 0; // of `received_`
};

} // namespace test
