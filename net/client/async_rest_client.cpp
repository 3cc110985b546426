#include "lockserver/async_rest_client.hpp"

#include "actors/rules/key_name.hpp"
#include "actors/rules/random_name.hpp"
#include "net/client/async_call.hpp"
#include "net/client/async_core.hpp"
#include "net/client/client_retry.hpp"
#include "net/client/v1_answer.hpp"
#include "net/client/v1_request.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <random>
#include <stdexcept>
#include <utility>

namespace lockserver {

using namespace client;

namespace asio = boost::asio;

namespace {

using core_ptr = std::shared_ptr<async_core>;

template <class T>
using handler = asio::any_completion_handler<void(answer<T>)>;

client_options::duration wait_of(const async_core& core, const v1::request& x) {
  return x.wait ? client_options::duration{*x.wait} : core.options.longest_wait;
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

// As the function of that name in client_call.hpp.
template <class T, class Read>
asio::awaitable<answer<T>> perform(core_ptr core, v1::request x, effort limits, Read read) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!x.wrong.empty())
    co_return v1::refused(std::move(x.wrong));
  answer<T> result;
  auto judged = false;
  answer_check check = [&](const exchange_result& got) {
    result = read(got, core->server);
    judged = true;
    return result.error() != errc::bad_answer;
  };
  auto again = x.repeatable ? repeat::once : repeat::never;
  auto got = co_await core->ask(std::move(x.call), again, limits, check);
  if (!judged)
    result = read(got, core->server);
  co_return result;
}

template <class T, class Read>
asio::awaitable<answer<T>> perform(core_ptr core, v1::request x, Read read) {
  auto limits = usual_effort(core->options, wait_of(*core, x));
  return perform<T>(std::move(core), std::move(x), limits, std::move(read));
}

// As the function of that name in client_call.hpp.
template <class T, class Try>
asio::awaitable<answer<T>> persist(core_ptr core, persistence plan, Try try_once) {
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer{core->executor};
  for (;;) {
    answer<T> result = co_await try_once();
    if (result)
      co_return result;
    auto pause = plan.pause_after(result.why(), boot_clock::now(), std::random_device{}());
    if (!pause)
      co_return result;
    boost::system::error_code ec;
    timer.expires_after(*pause);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      problem called_off;
      called_off.code = errc::cancelled;
      called_off.detail = core->server + ": " + called_off.code.message();
      co_return called_off;
    }
  }
}

// As `rest_client::acquire`. Kept by the coroutine for as long as it tries.
struct acquisition {
  core_ptr core;
  std::string who;
  std::string key;
  acquire_options options;
  boot_clock::time_point began = boot_clock::now();
  std::chrono::milliseconds patience{};
  effort::clock::time_point give_up{};
  bool first = true;

  asio::awaitable<answer<grant>> operator()() {
    v1::grant_request what{key, who, boot_clock::now(), options.hold == lock_hold::connection};
    auto request = v1::acquire(key, who, v1::remaining(options, what.sent - began));
    request.repeatable = false; // but here, with what is left of the wait
    auto limits = usual_effort(core->options, wait_of(*core, request));
    if (!std::exchange(first, false)) {
      limits.attempts = 1;
      limits.give_up = give_up;
    }
    auto read = [what](const exchange_result& x, const std::string& server) {
      return v1::read_grant(x, server, what);
    };
    return perform<grant>(core, std::move(request), limits, read);
  }
};

asio::awaitable<answer<grant>> acquire_persistently(core_ptr core, std::string who, std::string key,
                                                    acquire_options options) {
  co_await asio::this_coro::throw_if_cancelled(false);
  using std::chrono::milliseconds;
  acquisition all{core, std::move(who), std::move(key), std::move(options)};
  if (all.options.request_id.empty())
    all.options.request_id = random_name();
  auto& x = core->options;
  all.patience
    = all.options.wait.value_or(std::chrono::duration_cast<milliseconds>(bounded(x.longest_wait)));
  all.give_up = effort::clock::now() + bounded(all.patience) + bounded(x.connect_timeout)
                + bounded(x.answer_timeout);
  persistence plan{all.began, all.patience, false};
  answer<grant> result = co_await persist<grant>(core, plan, std::ref(all));
  if (result) {
    result->lease = all.options.lease;
    result->asked_ttl = all.options.ttl;
  }
  co_return result;
}

// As `release_grant` in client_call.hpp.
struct giving_back {
  core_ptr core;
  v1::request request;
  bool sent = false;

  asio::awaitable<answer<done>> operator()() {
    auto read = [this](exchange_result x, const std::string& server) {
      x.repeated = x.repeated || sent;
      sent = sent || x.sent;
      return v1::read_release(x, server);
    };
    return perform<done>(core, request, read);
  }
};

// Reads the answer to a renewal that is sent now.
auto renewal_reader(const std::string& key, const std::string& owner,
                    std::optional<std::chrono::milliseconds> ttl) {
  return [what = v1::grant_request{key, owner, boot_clock::now()}, ttl](const exchange_result& x,
                                                                        const std::string& server) {
    auto result = v1::read_grant(x, server, what);
    if (result)
      result->asked_ttl = ttl;
    return result;
  };
}

asio::awaitable<answer<done>> release_persistently(core_ptr core, v1::request request) {
  co_await asio::this_coro::throw_if_cancelled(false);
  giving_back all{core, std::move(request)};
  persistence plan{boot_clock::now(), bounded(core->options.answer_timeout), false};
  answer<done> result = co_await persist<done>(core, plan, std::ref(all));
  co_return result;
}

} // namespace

asio::awaitable<answer<grant>>
renew_grant(core_ptr core, const std::string& key, const std::string& owner, std::uint64_t token,
            std::optional<std::chrono::milliseconds> ttl, effort limits) {
  return perform<grant>(std::move(core), v1::renew(key, owner, token, ttl), limits,
                        renewal_reader(key, owner, ttl));
}

asio::awaitable<answer<grant>>
renew_grant_on(async_connection& connection, const std::string& server, const std::string& key,
               const std::string& owner, std::uint64_t token,
               std::optional<std::chrono::milliseconds> ttl, effort::clock::time_point deadline) {
  auto read = renewal_reader(key, owner, ttl);
  auto request = v1::renew(key, owner, token, ttl);
  auto got = co_await connection.exchange(request.call, deadline);
  co_return read(got, server);
}

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
  spawn<grant>(core, acquire_persistently(core, who, key, options), std::move(done));
}

void async_rest_client::renew(const core_ptr& core, const std::string& who, const std::string& key,
                              std::uint64_t fencing_token, std::optional<duration> ttl,
                              handler<grant> done) {
  auto limits = usual_effort(core->options);
  spawn<grant>(core, renew_grant(core, key, who, fencing_token, ttl, limits), std::move(done));
}

void async_rest_client::release(const core_ptr& core, const std::string& who,
                                const std::string& key, std::uint64_t fencing_token,
                                handler<client::done> done) {
  auto request = v1::release(key, who, fencing_token);
  spawn<client::done>(core,
                      fencing_token == 0
                        ? perform<client::done>(core, std::move(request), v1::read_release)
                        : release_persistently(core, std::move(request)),
                      std::move(done));
}

void async_rest_client::force_release(const core_ptr& core, const std::string&,
                                      const std::string& key, handler<bool> done) {
  spawn<bool>(core, perform<bool>(core, v1::force_release(key), v1::read_released),
              std::move(done));
}

void async_rest_client::inspect(const core_ptr& core, const std::string&, const std::string& key,
                                handler<lock_info> done) {
  spawn<lock_info>(core,
                   perform<lock_info>(core, v1::inspect(key),
                                      [key](const exchange_result& x, const std::string& server) {
                                        return v1::read_lock(x, server, key);
                                      }),
                   std::move(done));
}

void async_rest_client::list(const core_ptr& core, const std::string&, const list_options& options,
                             handler<lock_page> done) {
  spawn<lock_page>(core,
                   perform<lock_page>(core, v1::list(options),
                                      [after = options.after](const exchange_result& x,
                                                              const std::string& server) {
                                        return v1::read_page(x, server, after);
                                      }),
                   std::move(done));
}

void async_rest_client::create_lease(const core_ptr& core, const std::string& who,
                                     std::optional<duration> ttl, handler<lease> done) {
  spawn<lease>(core, perform<lease>(core, v1::create_lease(ttl, who), v1::read_new_lease),
               std::move(done));
}

void async_rest_client::renew_lease(const core_ptr& core, const std::string&, const std::string& id,
                                    handler<lease> done) {
  spawn<lease>(core,
               perform<lease>(core, v1::renew_lease(id),
                              [id](const exchange_result& x, const std::string& server) {
                                return v1::read_lease(x, server, id);
                              }),
               std::move(done));
}

void async_rest_client::inspect_lease(const core_ptr& core, const std::string&,
                                      const std::string& id, const lease_page& page,
                                      handler<lease_info> done) {
  spawn<lease_info>(core,
                    perform<lease_info>(core, v1::inspect_lease(id, page),
                                        [id](const exchange_result& x, const std::string& server) {
                                          return v1::read_lease_info(x, server, id);
                                        }),
                    std::move(done));
}

void async_rest_client::end_lease(const core_ptr& core, const std::string&, const std::string& id,
                                  handler<client::done> done) {
  spawn<client::done>(core,
                      perform<client::done>(core, v1::end_lease(id),
                                            [id](const exchange_result& x,
                                                 const std::string& server) {
                                              return v1::read_lease_end(x, server, id);
                                            }),
                      std::move(done));
}

void async_rest_client::server(const core_ptr& core, const std::string&,
                               handler<server_info> done) {
  spawn<server_info>(core, perform<server_info>(core, v1::server(), v1::read_server),
                     std::move(done));
}

} // namespace lockserver
