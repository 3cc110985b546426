#include "lockserver/rest_client.hpp"

#include "net/client/client_parts.hpp"
#include "net/client/operations.hpp"

#include <exception>
#include <utility>

namespace lockserver {

using namespace client;

namespace {

using milliseconds = std::chrono::milliseconds;

// `start` makes an operation of a core.
template <class T, class Start>
answer<T> run(client_parts& x, const Start& start) {
  try {
    return x.core().run<answer<T>>(start);
  } catch (const std::exception&) {
    return operations::thrown_problem();
  }
}

} // namespace

rest_client::rest_client(std::string name, const std::string& host, std::uint16_t port,
                         const client_options& options)
  : impl_(std::make_unique<client_parts>(std::move(name), host, port, options)) {
}

rest_client::~rest_client() = default;

rest_client::rest_client(rest_client&&) noexcept = default;

rest_client& rest_client::operator=(rest_client&&) noexcept = default;

const std::string& rest_client::name() const noexcept {
  return impl_->name;
}

answer<grant> rest_client::acquire(std::string_view key, acquire_options options) const {
  return run<grant>(*impl_, [&](const auto& core) {
    return operations::acquire(core, std::string{key}, name(), options);
  });
}

answer<grant> rest_client::renew(std::string_view key, std::uint64_t token,
                                 std::optional<milliseconds> ttl) const {
  return run<grant>(*impl_, [&](const auto& core) {
    return operations::renew(core, std::string{key}, name(), token, ttl);
  });
}

answer<void> rest_client::release(std::string_view key, std::uint64_t token) const {
  return run<void>(*impl_, [&](const auto& core) {
    return operations::release(core, std::string{key}, name(), token);
  });
}

answer<bool> rest_client::force_release(std::string_view key) const {
  return run<bool>(*impl_, [&](const auto& core) {
    return operations::force_release(core, std::string{key});
  });
}

answer<lock_info> rest_client::inspect(std::string_view key) const {
  return run<lock_info>(*impl_, [&](const auto& core) {
    return operations::inspect(core, std::string{key});
  });
}

answer<lock_page> rest_client::list(const list_options& options) const {
  return run<lock_page>(*impl_, [&](const auto& core) { return operations::list(core, options); });
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
      return page.error();
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
  return run<lease>(*impl_,
                    [&](const auto& core) { return operations::create_lease(core, name(), ttl); });
}

answer<lease> rest_client::renew_lease(std::string_view id) const {
  return run<lease>(*impl_, [&](const auto& core) {
    return operations::renew_lease(core, std::string{id});
  });
}

answer<lease_info> rest_client::inspect_lease(std::string_view id, const lease_page& page) const {
  return run<lease_info>(*impl_, [&](const auto& core) {
    return operations::inspect_lease(core, std::string{id}, page);
  });
}

answer<void> rest_client::end_lease(std::string_view id) const {
  return run<void>(*impl_,
                   [&](const auto& core) { return operations::end_lease(core, std::string{id}); });
}

answer<server_info> rest_client::server() const {
  return run<server_info>(*impl_, [](const auto& core) { return operations::server(core); });
}

answer<access_info> rest_client::access() const {
  return run<access_info>(*impl_, [](const auto& core) { return operations::access(core); });
}

answer<void> rest_client::ping() const {
  return run<void>(*impl_, [](const auto& core) { return operations::ping(core); });
}

} // namespace lockserver
