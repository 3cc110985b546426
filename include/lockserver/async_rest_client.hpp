// The JSON dialect's calls as asynchronous operations of Boost.Asio, for
// callbacks, futures, coroutines and every other completion token.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/client_options.hpp"
#include "lockserver/client_types.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

class async_core;

/// As the methods of `rest_client` with the same names, without blocking:
///
///     async_rest_client client{io.get_executor(), "me"};
///     client::acquire_options options;
///     client.async_acquire("key", options, [](client::answer<client::grant> result) { … });
///     auto future = client.async_acquire("key", options, asio::use_future);
///     auto result = co_await client.async_acquire("key", options, asio::use_awaitable);
///
/// In a `co_await` the options must be a variable and no `{…}`: GCC 12 destroys
/// temporaries of such types twice there.
///
/// The completion signature is always `void(answer<T>)`: no operation reports
/// by exception or error code. Handlers run on their associated executor, or on
/// the one given here. Operations run at the same time as they please, each on
/// a connection of its own; some connections are kept between operations.
///
/// An operation supports cancellation of the kind `terminal` through its
/// handler's cancellation slot, and then ends with `errc::cancelled`; an
/// acquire that was cancelled gets no lock, because its connection is closed.
/// The look-up of a host's name cannot be cut short, nor has it a deadline:
/// where that matters, give an address.
///
/// After a fork the child does not use connections of the parent; Asio wants to be
/// told (`io_context::notify_fork`) before the context is used there.
///
/// Thread-safe, except that cancellation slots are not, as everywhere in Asio.
/// The object may be destroyed while operations are under way: they go on.
class async_rest_client {
public:
  using duration = std::chrono::milliseconds;

  /// Does not connect yet. Parameters and exceptions as those of `rest_client`.
  async_rest_client(const boost::asio::any_io_executor& executor, std::string name,
                    std::string host = "127.0.0.1", std::uint16_t port = 8004,
                    const client_options& options = {});
  ~async_rest_client();
  async_rest_client(async_rest_client&&) noexcept;
  async_rest_client& operator=(async_rest_client&&) noexcept;

  const std::string& name() const noexcept {
    return name_;
  }

  /// Gives an `answer<grant>`.
  template <class Token>
  auto async_acquire(std::string key, client::acquire_options options, Token&& token) const {
    return start<client::grant>(token, &async_rest_client::acquire, std::move(key),
                                std::move(options));
  }

  /// Gives an `answer<grant>`.
  template <class Token>
  auto async_renew(std::string key, std::uint64_t fencing_token, std::optional<duration> ttl,
                   Token&& token) const {
    return start<client::grant>(token, &async_rest_client::renew, std::move(key), fencing_token,
                                ttl);
  }

  /// Gives an `answer<done>`.
  template <class Token>
  auto async_release(std::string key, std::uint64_t fencing_token, Token&& token) const {
    return start<client::done>(token, &async_rest_client::release, std::move(key), fencing_token);
  }

  /// Gives an `answer<bool>`: whether there was a holder.
  template <class Token>
  auto async_force_release(std::string key, Token&& token) const {
    return start<bool>(token, &async_rest_client::force_release, std::move(key));
  }

  /// Gives an `answer<lock_info>`.
  template <class Token>
  auto async_inspect(std::string key, Token&& token) const {
    return start<client::lock_info>(token, &async_rest_client::inspect, std::move(key));
  }

  /// Gives an `answer<lock_page>`.
  template <class Token>
  auto async_list(client::list_options options, Token&& token) const {
    return start<client::lock_page>(token, &async_rest_client::list, std::move(options));
  }

  /// Gives an `answer<lease>`.
  template <class Token>
  auto async_create_lease(std::optional<duration> ttl, Token&& token) const {
    return start<client::lease>(token, &async_rest_client::create_lease, ttl);
  }

  /// Gives an `answer<lease>`.
  template <class Token>
  auto async_renew_lease(std::string id, Token&& token) const {
    return start<client::lease>(token, &async_rest_client::renew_lease, std::move(id));
  }

  /// Gives an `answer<lease_info>`.
  template <class Token>
  auto async_inspect_lease(std::string id, client::lease_page page, Token&& token) const {
    return start<client::lease_info>(token, &async_rest_client::inspect_lease, std::move(id),
                                     std::move(page));
  }

  /// The same, the first page.
  template <class Token>
  auto async_inspect_lease(std::string id, Token&& token) const {
    return async_inspect_lease(std::move(id), {}, std::forward<Token>(token));
  }

  /// Gives an `answer<done>`.
  template <class Token>
  auto async_end_lease(std::string id, Token&& token) const {
    return start<client::done>(token, &async_rest_client::end_lease, std::move(id));
  }

  /// Gives an `answer<server_info>`.
  template <class Token>
  auto async_server(Token&& token) const {
    return start<client::server_info>(token, &async_rest_client::server);
  }

private:
  using core_ptr = std::shared_ptr<async_core>;
  template <class T>
  using handler = boost::asio::any_completion_handler<void(client::answer<T>)>;

  // Each starts one operation; `who` is the client's name.
  static void acquire(const core_ptr& core, const std::string& who, const std::string& key,
                      const client::acquire_options& options, handler<client::grant> done);
  static void renew(const core_ptr& core, const std::string& who, const std::string& key,
                    std::uint64_t fencing_token, std::optional<duration> ttl,
                    handler<client::grant> done);
  static void release(const core_ptr& core, const std::string& who, const std::string& key,
                      std::uint64_t fencing_token, handler<client::done> done);
  static void force_release(const core_ptr& core, const std::string& who, const std::string& key,
                            handler<bool> done);
  static void inspect(const core_ptr& core, const std::string& who, const std::string& key,
                      handler<client::lock_info> done);
  static void list(const core_ptr& core, const std::string& who,
                   const client::list_options& options, handler<client::lock_page> done);
  static void create_lease(const core_ptr& core, const std::string& who,
                           std::optional<duration> ttl, handler<client::lease> done);
  static void renew_lease(const core_ptr& core, const std::string& who, const std::string& id,
                          handler<client::lease> done);
  static void inspect_lease(const core_ptr& core, const std::string& who, const std::string& id,
                            const client::lease_page& page, handler<client::lease_info> done);
  static void end_lease(const core_ptr& core, const std::string& who, const std::string& id,
                        handler<client::done> done);
  static void server(const core_ptr& core, const std::string& who,
                     handler<client::server_info> done);

  // The operation starts when its token says so, perhaps long after this has
  // returned: it owns all that it needs.
  template <class T, class Token, class Operation, class... Ts>
  auto start(Token& token, Operation operation, Ts... arguments) const {
    return boost::asio::async_initiate<Token, void(client::answer<T>)>(
      [operation, core = core_, who = name_](auto&& completion, Ts... xs) {
        operation(core, who, xs..., handler<T>{std::forward<decltype(completion)>(completion)});
      },
      token, std::move(arguments)...);
  }

  core_ptr core_;
  std::string name_;
};

} // namespace lockserver
