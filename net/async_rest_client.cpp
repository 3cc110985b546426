#include "lockserver/async_rest_client.hpp"

#include "actors/random_name.hpp"
#include "net/async_core.hpp"
#include "net/key_name.hpp"
#include "net/v1_answer.hpp"
#include "net/v1_request.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <stdexcept>

namespace lockserver {

using namespace client;

namespace asio = boost::asio;

namespace {

using core_ptr = std::shared_ptr<async_core>;

template <class T>
using handler = asio::any_completion_handler<void(answer<T>)>;

effort effort_for(const async_core& core, const v1::request& x) {
  return usual_effort(core.options,
                      x.wait ? client_options::duration{*x.wait} : core.options.longest_wait);
}

// Runs the operation on the core's strand, and gives its result to the handler
// where that wants it.
template <class T>
void spawn(const core_ptr& core, asio::awaitable<answer<T>> operation, handler<T> done) {
  auto slot = asio::get_associated_cancellation_slot(done);
  auto executor = asio::get_associated_executor(done, core->executor);
  auto finish = [done = std::move(done), work = asio::make_work_guard(executor)](
                  const std::exception_ptr& failed, answer<T> result) mutable {
    if (failed) { // no file descriptors or memory left
      try {
        std::rethrow_exception(failed);
      } catch (const boost::system::system_error& x) {
        result = problem{x.code(), x.what()};
      } catch (const std::exception& x) {
        result = problem{std::make_error_code(std::errc::not_enough_memory), x.what()};
      }
    }
    auto where = work.get_executor();
    asio::dispatch(where, [done = std::move(done), result = std::move(result)]() mutable {
      std::move(done)(std::move(result));
    });
  };
  asio::co_spawn(core->executor, std::move(operation),
                 asio::bind_cancellation_slot(slot, std::move(finish)));
}

// Sends the request, unless its input is wrong, and reads the answer.
template <class T, class Read>
asio::awaitable<answer<T>> perform(core_ptr core, v1::request x, Read read) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!x.wrong.empty())
    co_return v1::refused(std::move(x.wrong));
  auto again = x.repeatable ? repeat::once : repeat::never;
  auto limits = effort_for(*core, x);
  auto result = co_await core->ask(std::move(x.call), again, limits);
  co_return read(result, core->server);
}

// As `rest_client::acquire`.
asio::awaitable<answer<grant>> acquire_twice(core_ptr core, std::string who, std::string key,
                                             acquire_options options) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (options.request_id.empty())
    options.request_id = random_name();
  auto began = boot_clock::now();
  auto read = [began](const exchange_result& x, const std::string& server) {
    return v1::read_grant(x, server, began);
  };
  auto request = v1::acquire(key, who, options);
  request.repeatable = false;
  auto result = co_await perform<grant>(core, std::move(request), read);
  if (result.error() == client_errc::connection_lost) {
    request = v1::acquire(key, who, v1::remaining(options, boot_clock::now() - began));
    request.repeatable = false;
    result = co_await perform<grant>(core, std::move(request), read);
  }
  if (result)
    result->lease = options.lease;
  co_return result;
}

} // namespace

async_rest_client::async_rest_client(const asio::any_io_executor& executor, std::string name,
                                     std::string host, std::uint16_t port,
                                     const client_options& options)
  : name_(std::move(name)) {
  if (auto wrong = check_name("locker name", name_); !wrong.empty())
    throw std::invalid_argument(wrong);
  if (auto wrong = check_name("host", host); !wrong.empty())
    throw std::invalid_argument(wrong);
  core_ = std::make_shared<async_core>(executor, std::move(host), port, options);
}

async_rest_client::~async_rest_client() = default;

async_rest_client::async_rest_client(async_rest_client&&) noexcept = default;

async_rest_client& async_rest_client::operator=(async_rest_client&&) noexcept = default;

void async_rest_client::acquire(const core_ptr& core, const std::string& who,
                                const std::string& key, const acquire_options& options,
                                handler<grant> done) {
  spawn<grant>(core, acquire_twice(core, who, key, options), std::move(done));
}

void async_rest_client::renew(const core_ptr& core, const std::string& who, const std::string& key,
                              std::uint64_t fencing_token, std::optional<duration> ttl,
                              handler<grant> done) {
  auto read = [began = boot_clock::now()](const exchange_result& x, const std::string& server) {
    return v1::read_grant(x, server, began);
  };
  spawn<grant>(core, perform<grant>(core, v1::renew(key, who, fencing_token, ttl), read),
               std::move(done));
}

void async_rest_client::release(const core_ptr& core, const std::string& who,
                                const std::string& key, std::uint64_t fencing_token,
                                handler<client::done> done) {
  spawn<client::done>(
    core, perform<client::done>(core, v1::release(key, who, fencing_token), v1::read_done),
    std::move(done));
}

void async_rest_client::force_release(const core_ptr& core, const std::string&,
                                      const std::string& key, handler<bool> done) {
  spawn<bool>(core, perform<bool>(core, v1::force_release(key), v1::read_released),
              std::move(done));
}

void async_rest_client::inspect(const core_ptr& core, const std::string&, const std::string& key,
                                handler<lock_info> done) {
  spawn<lock_info>(core, perform<lock_info>(core, v1::inspect(key), v1::read_lock),
                   std::move(done));
}

void async_rest_client::list(const core_ptr& core, const std::string&, const list_options& options,
                             handler<lock_page> done) {
  spawn<lock_page>(core, perform<lock_page>(core, v1::list(options), v1::read_page),
                   std::move(done));
}

void async_rest_client::create_lease(const core_ptr& core, const std::string& who,
                                     std::optional<duration> ttl, handler<lease> done) {
  spawn<lease>(core, perform<lease>(core, v1::create_lease(ttl, who), v1::read_lease),
               std::move(done));
}

void async_rest_client::renew_lease(const core_ptr& core, const std::string&, const std::string& id,
                                    handler<lease> done) {
  spawn<lease>(core, perform<lease>(core, v1::renew_lease(id), v1::read_lease), std::move(done));
}

void async_rest_client::inspect_lease(const core_ptr& core, const std::string&,
                                      const std::string& id, const lease_page& page,
                                      handler<lease_info> done) {
  spawn<lease_info>(core,
                    perform<lease_info>(core, v1::inspect_lease(id, page), v1::read_lease_info),
                    std::move(done));
}

void async_rest_client::end_lease(const core_ptr& core, const std::string&, const std::string& id,
                                  handler<client::done> done) {
  spawn<client::done>(core, perform<client::done>(core, v1::end_lease(id), v1::read_done),
                      std::move(done));
}

void async_rest_client::server(const core_ptr& core, const std::string&,
                               handler<server_info> done) {
  spawn<server_info>(core, perform<server_info>(core, v1::server(), v1::read_server),
                     std::move(done));
}

} // namespace lockserver
