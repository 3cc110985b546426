// The calls of `rest_client` as asynchronous operations of Boost.Asio. They work with
// callbacks, futures, coroutines and every other completion token.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/client_options.hpp"
#include "lockserver/client_types.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lockserver {

class async_core;

namespace detail {

/// The operations, compiled once for clients of all executors. An operation starts when
/// it is called, and owns all that it needs.
struct async_calls {
  using duration = std::chrono::milliseconds;
  template <class... Ts>
  using handler = boost::asio::any_completion_handler<void(boost::system::error_code, Ts...)>;

  void acquire(std::string key, client::acquire_options options, handler<client::grant> done) const;
  void renew(std::string key, std::uint64_t fencing_token, std::optional<duration> ttl,
             handler<client::grant> done) const;
  void release(std::string key, std::uint64_t fencing_token, handler<> done) const;
  void force_release(const std::string& key, handler<bool> done) const;
  void inspect(std::string key, handler<client::lock_info> done) const;
  void list(client::list_options options, handler<client::lock_page> done) const;
  void create_lease(std::optional<duration> ttl, handler<client::lease> done) const;
  void renew_lease(std::string id, handler<client::lease> done) const;
  void inspect_lease(std::string id, const client::lease_page& page,
                     handler<client::lease_info> done) const;
  void end_lease(std::string id, handler<> done) const;
  void server(handler<client::server_info> done) const;
  void access(handler<client::access_info> done) const;
  void ping(handler<> done) const;

  /// @throws what the constructor of the client throws.
  static async_calls make(const boost::asio::any_io_executor& executor, std::string name,
                          std::string host, std::uint16_t port, const client_options& options);

  boost::asio::any_io_executor executor; ///< Runs handlers that have no associated executor.
  std::shared_ptr<async_core> core;
  std::string name;
  client::problem* why = nullptr; ///< Where to write problems; null: nowhere.
};

} // namespace detail

/// The methods of `rest_client` with the same names, without blocking:
///
///     async_rest_client client{io, "me"};
///     client::acquire_options options;
///     client.async_acquire("key", options, [](error_code ec, client::grant got) { … });
///     auto future = client.async_acquire("key", options, asio::use_future);
///     auto grant = co_await client.async_acquire("key", options, asio::use_awaitable);
///
/// With `co_await`, pass the options as a variable, not as `{…}`: GCC 12 destroys
/// temporaries of such types twice there.
///
/// Completion signatures follow Asio: `void(error_code, T)`, or `void(error_code)` for an
/// operation without a result. The code is an `errc`, or the system's code when no
/// connection could be made. `reporting_to` also gives the server's sentence, the holders
/// of the lock, and when to ask again.
///
/// Handlers run on their associated executor, or else on the client's executor.
/// Operations may overlap: each has a connection of its own. The client keeps some
/// connections for later operations.
///
/// An operation supports cancellation of type `terminal` through its handler's
/// cancellation slot. It then ends with `errc::cancelled`, which equals
/// `std::errc::operation_canceled`. A cancelled acquire gets no lock, because its
/// connection is closed.
///
/// After a fork, the child does not use connections of the parent. Asio requires a call
/// of `io_context::notify_fork` before the child uses the context.
///
/// Thread-safe, except for cancellation slots, which are never thread-safe in Asio. The
/// object may be destroyed while operations run: they continue. Copies share their
/// connections.
template <class Executor = boost::asio::any_io_executor>
class basic_async_rest_client {
public:
  using executor_type = Executor;
  using duration = std::chrono::milliseconds;
  using error_code = boost::system::error_code;

  /// The type of the client for another executor, for instance one with a default
  /// completion token: `use_awaitable_t<>::as_default_on_t<async_rest_client>`.
  template <class Other>
  struct rebind_executor {
    using other = basic_async_rest_client<Other>;
  };

  /// Does not connect yet. Takes the parameters of `rest_client`, and throws what it
  /// throws.
  basic_async_rest_client(const executor_type& executor, std::string name,
                          std::string host = "127.0.0.1", std::uint16_t port = 8004,
                          const client_options& options = {})
    : executor_(executor),
      calls_(detail::async_calls::make(erased(executor), std::move(name), std::move(host), port,
                                       options)) {
  }

  /// The same, with the executor of `context`.
  template <class Context>
  requires std::convertible_to<Context&, boost::asio::execution_context&>
  basic_async_rest_client(Context& context, std::string name, std::string host = "127.0.0.1",
                          std::uint16_t port = 8004, const client_options& options = {})
    : basic_async_rest_client(executor_type(context.get_executor()), std::move(name),
                              std::move(host), port, options) {
  }

  /// Copies a client that has another type of executor.
  template <class Other>
  requires(!std::same_as<Other, Executor> && std::convertible_to<Other, Executor>)
    basic_async_rest_client(const basic_async_rest_client<Other>& x)
    : executor_(x.executor_), calls_(x.calls_) {
  }

  const std::string& name() const noexcept {
    return calls_.name;
  }

  executor_type get_executor() const noexcept {
    return executor_;
  }

  /// A copy whose operations report to `why`: before an operation completes, it writes
  /// its problem there, or clears it on success. Only one operation may run at a time,
  /// and `why` must outlive it.
  ///
  ///     client::problem why;
  ///     client.reporting_to(why).async_acquire("key", options, …);
  basic_async_rest_client reporting_to(client::problem& why) const {
    auto result = *this;
    result.calls_.why = &why;
    return result;
  }

  /// `void(error_code, grant)`
  template <boost::asio::completion_token_for<void(error_code, client::grant)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_acquire(std::string key, client::acquire_options options,
                     Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::grant>(token, &calls::acquire, std::move(key), std::move(options));
  }

  /// `void(error_code, grant)`
  template <boost::asio::completion_token_for<void(error_code, client::grant)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_renew(std::string key, std::uint64_t fencing_token, std::optional<duration> ttl,
                   Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::grant>(token, &calls::renew, std::move(key), fencing_token, ttl);
  }

  /// `void(error_code)`
  template <boost::asio::completion_token_for<void(error_code)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_release(std::string key, std::uint64_t fencing_token,
                     Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<>(token, &calls::release, std::move(key), fencing_token);
  }

  /// `void(error_code, bool)`: whether there was a holder.
  template <boost::asio::completion_token_for<void(error_code, bool)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto
  async_force_release(std::string key,
                      Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<bool>(token, &calls::force_release, std::move(key));
  }

  /// `void(error_code, lock_info)`
  template <boost::asio::completion_token_for<void(error_code, client::lock_info)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_inspect(std::string key,
                     Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::lock_info>(token, &calls::inspect, std::move(key));
  }

  /// `void(error_code, lock_page)`
  template <boost::asio::completion_token_for<void(error_code, client::lock_page)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_list(client::list_options options,
                  Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::lock_page>(token, &calls::list, std::move(options));
  }

  /// `void(error_code, lease)`
  template <boost::asio::completion_token_for<void(error_code, client::lease)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto
  async_create_lease(std::optional<duration> ttl,
                     Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::lease>(token, &calls::create_lease, ttl);
  }

  /// `void(error_code, lease)`
  template <boost::asio::completion_token_for<void(error_code, client::lease)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto
  async_renew_lease(std::string id,
                    Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::lease>(token, &calls::renew_lease, std::move(id));
  }

  /// `void(error_code, lease_info)`
  template <boost::asio::completion_token_for<void(error_code, client::lease_info)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto
  async_inspect_lease(std::string id, client::lease_page page,
                      Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::lease_info>(token, &calls::inspect_lease, std::move(id), std::move(page));
  }

  /// `void(error_code)`
  template <boost::asio::completion_token_for<void(error_code)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_end_lease(std::string id,
                       Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<>(token, &calls::end_lease, std::move(id));
  }

  /// `void(error_code, server_info)`
  template <boost::asio::completion_token_for<void(error_code, client::server_info)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_server(Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::server_info>(token, &calls::server);
  }

  /// `void(error_code, access_info)`
  template <boost::asio::completion_token_for<void(error_code, client::access_info)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_access(Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<client::access_info>(token, &calls::access);
  }

  /// `void(error_code)`
  template <boost::asio::completion_token_for<void(error_code)> Token
            = boost::asio::default_completion_token_t<Executor>>
  auto async_ping(Token&& token = boost::asio::default_completion_token_t<Executor>()) const {
    return start<>(token, &calls::ping);
  }

private:
  template <class>
  friend class basic_async_rest_client;
  using calls = detail::async_calls;

  // An executor that is type-erased already is not wrapped a second time. An executor
  // with a default token converts to its base, which is such an executor.
  static boost::asio::any_io_executor erased(const boost::asio::any_io_executor& x) {
    return x;
  }

  // The token decides when the operation starts. This function may have returned long
  // before, and the client may be gone.
  template <class... Results, class Token, class Call, class... Ts>
  auto start(Token& token, Call call, Ts... arguments) const {
    return boost::asio::async_initiate<Token, void(error_code, Results...)>(
      [all = calls_, call](auto&& completion, Ts... xs) {
        calls::handler<Results...> done{std::forward<decltype(completion)>(completion)};
        (all.*call)(std::move(xs)..., std::move(done));
      },
      token, std::move(arguments)...);
  }

  executor_type executor_;
  calls calls_;
};

using async_rest_client = basic_async_rest_client<>;

} // namespace lockserver
