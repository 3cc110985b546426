#include "lockserver/async_rest_client.hpp"

#include "net/client/async_core.hpp"
#include "net/client/client_parts.hpp"
#include "net/client/operations.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/strand.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace lockserver::detail {

using namespace client;

namespace asio = boost::asio;

namespace {

// Maps the system's errors back to Boost's categories, so that they equal
// `asio::error::connection_refused` and the like.
boost::system::error_code to_boost(const std::error_code& x) {
  const boost::system::error_category* const known[]
    = {&boost::system::system_category(), &boost::system::generic_category(),
       &asio::error::get_netdb_category(), &asio::error::get_addrinfo_category()};
  for (auto* category : known)
    if (x.category() == static_cast<const std::error_category&>(*category))
      return {x.value(), *category};
  return x;
}

template <class T>
struct handler_of {
  using type = async_calls::handler<T>;
};
template <>
struct handler_of<void> {
  using type = async_calls::handler<>;
};

template <class T>
void complete(typename handler_of<T>::type done, const boost::system::error_code& ec,
              answer<T> result) {
  if constexpr (std::is_void_v<T>)
    std::move(done)(ec);
  else
    std::move(done)(ec, result ? std::move(*result) : T{});
}

// Runs the operation on the core's strand, and passes its result to the handler on the
// handler's executor.
template <class T>
void spawn(const async_calls& x, operations::awaitable_answer<T> operation,
           typename handler_of<T>::type done) {
  auto slot = asio::get_associated_cancellation_slot(done);
  auto executor = asio::get_associated_executor(done, x.executor);
  auto finish = [done = std::move(done), why = x.why, work = asio::make_work_guard(executor)](
                  const std::exception_ptr& failed, answer<T> result) mutable {
    if (failed) {
      try {
        std::rethrow_exception(failed);
      } catch (const std::exception&) {
        result = operations::thrown_problem();
      }
    }
    auto problem = result.error();
    auto ec = result ? boost::system::error_code{} : to_boost(problem.code);
    if (why != nullptr)
      *why = std::move(problem);
    auto where = work.get_executor();
    asio::dispatch(where, [done = std::move(done), ec, result = std::move(result)]() mutable {
      complete<T>(std::move(done), ec, std::move(result));
    });
  };
  asio::co_spawn(x.core->executor, std::move(operation),
                 asio::bind_cancellation_slot(slot, std::move(finish)));
}

} // namespace

async_calls async_calls::make(const asio::any_io_executor& executor, std::string name,
                              std::string host, std::uint16_t port, const client_options& options) {
  check_client(name, host, options);
  auto core = std::make_shared<async_core>(asio::make_strand(executor),
                                           client_target{std::move(host), port, options});
  return {executor, std::move(core), std::move(name)};
}

void async_calls::acquire(std::string key, acquire_options options, handler<grant> done) const {
  spawn<grant>(*this, operations::acquire(core, std::move(key), name, std::move(options)),
               std::move(done));
}

void async_calls::renew(std::string key, std::uint64_t fencing_token, std::optional<duration> ttl,
                        handler<grant> done) const {
  spawn<grant>(*this, operations::renew(core, std::move(key), name, fencing_token, ttl),
               std::move(done));
}

void async_calls::release(std::string key, std::uint64_t fencing_token, handler<> done) const {
  spawn<void>(*this, operations::release(core, std::move(key), name, fencing_token),
              std::move(done));
}

void async_calls::force_release(const std::string& key, handler<bool> done) const {
  spawn<bool>(*this, operations::force_release(core, key), std::move(done));
}

void async_calls::inspect(std::string key, handler<lock_info> done) const {
  spawn<lock_info>(*this, operations::inspect(core, std::move(key)), std::move(done));
}

void async_calls::list(list_options options, handler<lock_page> done) const {
  spawn<lock_page>(*this, operations::list(core, std::move(options)), std::move(done));
}

void async_calls::create_lease(std::optional<duration> ttl, handler<lease> done) const {
  spawn<lease>(*this, operations::create_lease(core, name, ttl), std::move(done));
}

void async_calls::renew_lease(std::string id, handler<lease> done) const {
  spawn<lease>(*this, operations::renew_lease(core, std::move(id)), std::move(done));
}

void async_calls::inspect_lease(std::string id, const lease_page& page,
                                handler<lease_info> done) const {
  spawn<lease_info>(*this, operations::inspect_lease(core, std::move(id), page), std::move(done));
}

void async_calls::end_lease(std::string id, handler<> done) const {
  spawn<void>(*this, operations::end_lease(core, std::move(id)), std::move(done));
}

void async_calls::server(handler<server_info> done) const {
  spawn<server_info>(*this, operations::server(core), std::move(done));
}

void async_calls::access(handler<access_info> done) const {
  spawn<access_info>(*this, operations::access(core), std::move(done));
}

void async_calls::ping(handler<> done) const {
  spawn<void>(*this, operations::ping(core), std::move(done));
}

} // namespace lockserver::detail
