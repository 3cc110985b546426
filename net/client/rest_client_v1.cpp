// The JSON dialect of `rest_client`.
#include "lockserver/client_error.hpp"
#include "lockserver/rest_client.hpp"

#include "actors/rules/random_name.hpp"
#include "net/client/client_call.hpp"
#include "net/client/client_core.hpp"
#include "net/client/rest_client_impl.hpp"
#include "net/client/v1_answer.hpp"
#include "net/client/v1_request.hpp"

#include <utility>

namespace lockserver {

using namespace client;

namespace {

using milliseconds = std::chrono::milliseconds;

client_options::duration wait_of(const client_core& core, const v1::request& x) {
  return x.wait ? client_options::duration{*x.wait} : core.options.longest_wait;
}

template <class Read, class... Ts>
auto ask(client_core& core, v1::request x, Read read, const Ts&... more) {
  auto limits = usual_effort(core.options, wait_of(core, x));
  return perform(core, std::move(x), limits,
                 [&](const exchange_result& result) { return read(result, core.server, more...); });
}

} // namespace

answer<grant> rest_client::acquire(std::string_view key, acquire_options options) const {
  auto& core = impl_->core();
  if (options.request_id.empty())
    options.request_id = random_name();
  auto began = boot_clock::now();
  auto patience = options.wait.value_or(
    std::chrono::duration_cast<milliseconds>(bounded(core.options.longest_wait)));
  persistence plan{began, patience, false};
  auto give_up = effort::clock::now() + bounded(patience) + bounded(core.options.connect_timeout)
                 + bounded(core.options.answer_timeout);
  auto first = true;
  auto result = persist(plan, [&] {
    v1::grant_request what{std::string{key}, name(), boot_clock::now(),
                           options.hold == lock_hold::connection};
    auto request = v1::acquire(key, name(), v1::remaining(options, what.sent - began));
    request.repeatable = false; // but here, with what is left of the wait
    auto limits = usual_effort(core.options, wait_of(core, request));
    if (!std::exchange(first, false)) {
      limits.attempts = 1;
      limits.give_up = give_up;
    }
    return perform(core, std::move(request), limits,
                   [&](const exchange_result& x) { return v1::read_grant(x, core.server, what); });
  });
  if (result) {
    result->lease = options.lease;
    result->asked_ttl = options.ttl;
  }
  return result;
}

answer<grant> rest_client::renew(std::string_view key, std::uint64_t token,
                                 std::optional<milliseconds> ttl) const {
  v1::grant_request what{std::string{key}, name(), boot_clock::now()};
  auto result = ask(impl_->core(), v1::renew(key, name(), token, ttl), v1::read_grant, what);
  if (result)
    result->asked_ttl = ttl;
  return result;
}

answer<done> rest_client::release(std::string_view key, std::uint64_t token) const {
  auto& core = impl_->core();
  auto request = v1::release(key, name(), token);
  if (token == 0)
    return ask(core, std::move(request), v1::read_release);
  persistence plan{boot_clock::now(), bounded(core.options.answer_timeout), false};
  return release_grant(core, plan, usual_effort(core.options), request);
}

answer<bool> rest_client::force_release(std::string_view key) const {
  return ask(impl_->core(), v1::force_release(key), v1::read_released);
}

answer<lock_info> rest_client::inspect(std::string_view key) const {
  return ask(impl_->core(), v1::inspect(key), v1::read_lock, std::string{key});
}

answer<lock_page> rest_client::list(const list_options& options) const {
  return ask(impl_->core(), v1::list(options), v1::read_page, options.after);
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
  return ask(impl_->core(), v1::create_lease(ttl, name()), v1::read_new_lease);
}

answer<lease> rest_client::renew_lease(std::string_view id) const {
  return ask(impl_->core(), v1::renew_lease(id), v1::read_lease, std::string{id});
}

answer<lease_info> rest_client::inspect_lease(std::string_view id, const lease_page& page) const {
  return ask(impl_->core(), v1::inspect_lease(id, page), v1::read_lease_info, std::string{id});
}

answer<done> rest_client::end_lease(std::string_view id) const {
  return ask(impl_->core(), v1::end_lease(id), v1::read_lease_end, std::string{id});
}

answer<server_info> rest_client::server() const {
  return ask(impl_->core(), v1::server(), v1::read_server);
}

} // namespace lockserver
