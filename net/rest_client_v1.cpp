// The JSON dialect of `rest_client`.
#include "lockserver/client_error.hpp"
#include "lockserver/rest_client.hpp"

#include "actors/random_name.hpp"
#include "net/client_core.hpp"
#include "net/rest_client_impl.hpp"
#include "net/v1_answer.hpp"
#include "net/v1_request.hpp"

#include <utility>

namespace lockserver {

using namespace client;

namespace {

using milliseconds = std::chrono::milliseconds;

effort effort_for(const client_core& core, const v1::request& x) {
  return usual_effort(core.options,
                      x.wait ? client_options::duration{*x.wait} : core.options.longest_wait);
}

// Sends the request, unless its input is wrong, and reads the answer.
template <class Read, class... Ts>
auto perform(client_core& core, v1::request x, Read read, Ts... more)
  -> decltype(read(exchange_result{}, core.server, more...)) {
  if (!x.wrong.empty())
    return v1::refused(std::move(x.wrong));
  auto result = core.ask(x.call, x.repeatable ? repeat::once : repeat::never, effort_for(core, x));
  return read(result, core.server, more...);
}

} // namespace

answer<grant> rest_client::acquire(std::string_view key, acquire_options options) const {
  auto& core = *impl_->core;
  if (options.request_id.empty())
    options.request_id = random_name();
  auto began = boot_clock::now();
  // Repeated here and not by the core, because the second try waits no longer
  // than the first still would have.
  auto request = v1::acquire(key, name(), options);
  request.repeatable = false;
  auto result = perform(core, std::move(request), v1::read_grant, began);
  if (result.error() == client_errc::connection_lost) {
    request = v1::acquire(key, name(), v1::remaining(options, boot_clock::now() - began));
    request.repeatable = false;
    result = perform(core, std::move(request), v1::read_grant, began);
  }
  if (result)
    result->lease = options.lease;
  return result;
}

answer<grant> rest_client::renew(std::string_view key, std::uint64_t token,
                                 std::optional<milliseconds> ttl) const {
  return perform(*impl_->core, v1::renew(key, name(), token, ttl), v1::read_grant,
                 boot_clock::now());
}

answer<done> rest_client::release(std::string_view key, std::uint64_t token) const {
  return perform(*impl_->core, v1::release(key, name(), token), v1::read_done);
}

answer<bool> rest_client::force_release(std::string_view key) const {
  return perform(*impl_->core, v1::force_release(key), v1::read_released);
}

answer<lock_info> rest_client::inspect(std::string_view key) const {
  return perform(*impl_->core, v1::inspect(key), v1::read_lock);
}

answer<lock_page> rest_client::list(const list_options& options) const {
  return perform(*impl_->core, v1::list(options), v1::read_page);
}

answer<std::uint64_t>
rest_client::for_each_lock(std::string prefix,
                           const std::function<bool(const lock_info&)>& visit) const {
  list_options options;
  options.prefix = std::move(prefix);
  options.limit = 1000;
  std::uint64_t count = 0;
  for (;;) {
    auto page = list(options);
    if (!page)
      return page.why();
    for (auto& x : page->locks) {
      ++count;
      if (!visit(x))
        return count;
    }
    if (!page->next)
      return count;
    options.after = *page->next;
  }
}

answer<lease> rest_client::create_lease(std::optional<milliseconds> ttl) const {
  return perform(*impl_->core, v1::create_lease(ttl, name()), v1::read_lease);
}

answer<lease> rest_client::renew_lease(std::string_view id) const {
  return perform(*impl_->core, v1::renew_lease(id), v1::read_lease);
}

answer<lease_info> rest_client::inspect_lease(std::string_view id, const lease_page& page) const {
  return perform(*impl_->core, v1::inspect_lease(id, page), v1::read_lease_info);
}

answer<done> rest_client::end_lease(std::string_view id) const {
  return perform(*impl_->core, v1::end_lease(id), v1::read_done);
}

answer<server_info> rest_client::server() const {
  return perform(*impl_->core, v1::server(), v1::read_server);
}

} // namespace lockserver
