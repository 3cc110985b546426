#include "net/client/name_lookup.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace lockserver {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

// Shared by the waiting coroutine and the thread that asks the system.
struct question {
  std::mutex mutex;
  asio::steady_timer* waiter = nullptr; // null: nobody waits any more
  bool answered = false;
  error_code error{};
  std::vector<tcp::endpoint> found{};
};

// Ends the wait together with the coroutine, even if that is destroyed with its context.
// From then on the thread touches neither the timer nor the executor.
class waiting {
public:
  waiting(std::shared_ptr<question> x, asio::steady_timer& timer) : question_(std::move(x)) {
    question_->waiter = &timer;
  }
  waiting(const waiting&) = delete;
  waiting& operator=(const waiting&) = delete;
  ~waiting() {
    std::lock_guard guard{question_->mutex};
    question_->waiter = nullptr;
  }

private:
  const std::shared_ptr<question> question_;
};

void wake(const std::shared_ptr<question>& x) {
  std::lock_guard guard{x->mutex};
  if (x->waiter != nullptr)
    x->waiter->cancel();
}

// Sets an error if there is no memory or file descriptor for the answer.
std::vector<tcp::endpoint> resolve(const std::string& host, std::uint16_t port,
                                   error_code& ec) noexcept {
  std::vector<tcp::endpoint> result;
  try {
    asio::io_context context;
    tcp::resolver resolver{context};
    for (const auto& entry :
         resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, ec))
      result.push_back(entry.endpoint());
  } catch (const boost::system::system_error& x) {
    ec = x.code();
  } catch (const std::exception&) {
    ec = asio::error::no_memory;
  }
  return result;
}

// The system's resolver cannot be cancelled and has no deadline. So it works on a thread
// of its own, which is abandoned if it is too slow.
void ask_system(const std::shared_ptr<question>& x, const std::string& host, std::uint16_t port) {
  error_code error;
  auto found = resolve(host, port, error);
  std::lock_guard guard{x->mutex};
  x->answered = true;
  x->error = error;
  x->found = std::move(found);
  if (x->waiter != nullptr)
    asio::post(x->waiter->get_executor(), [x] { wake(x); });
}

} // namespace

asio::awaitable<std::vector<tcp::endpoint>>
look_up(asio::any_io_executor executor, std::string host, std::uint16_t port,
        std::chrono::steady_clock::time_point deadline, error_code& ec) {
  std::vector<tcp::endpoint> result;
  if (auto address = asio::ip::make_address(host, ec); !ec) {
    result.emplace_back(address, port);
    co_return result;
  }
  auto shared = std::make_shared<question>();
  asio::steady_timer timer{executor};
  timer.expires_at(deadline);
  waiting until_the_end{shared, timer};
  std::thread{[shared, host, port] { ask_system(shared, host, port); }}.detach();
  error_code ended;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  std::lock_guard guard{shared->mutex};
  if (shared->answered) {
    ec = shared->error;
    result = std::move(shared->found);
  } else {
    ec = ended ? ended : error_code{boost::beast::error::timeout};
  }
  co_return result;
}

} // namespace lockserver
