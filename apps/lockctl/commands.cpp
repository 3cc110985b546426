#include "apps/lockctl/commands.hpp"

#include "lockserver/rest_client.hpp"

#include "apps/lockctl/duration.hpp"
#include "apps/lockctl/failure.hpp"
#include "apps/lockctl/output.hpp"
#include "apps/lockctl/owner.hpp"
#include "apps/lockctl/printable.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

namespace {

rest_client client_of(const options& x) {
  // Some commands do not ask in anybody's name.
  return rest_client{x.owner.empty() ? "lockctl" : x.owner, x.host, x.port, connection_options(x)};
}

template <class T>
T value_of(answer<T> x, const std::string& about) {
  if (!x)
    throw failure_of(x.error(), about);
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

// A client in the name of the holder: whoever knows the token need not know the name.
rest_client holder_of(const options& x, const std::string& about) {
  if (!x.owner.empty())
    return client_of(x);
  auto lock = value_of(client_of(x).inspect(x.key), about);
  auto i = std::find_if(lock.holders.begin(), lock.holders.end(),
                        [&](const holder& h) { return h.token == x.token; });
  if (i == lock.holders.end())
    throw failure{exit_status::no,
                  printable(about) + ": nobody holds it by token " + std::to_string(x.token)};
  auto named = x;
  named.owner = i->owner;
  return client_of(named);
}

int ok() {
  return static_cast<int>(exit_status::ok);
}

int no() {
  return static_cast<int>(exit_status::no);
}

// Prints a result that cannot be obtained a second time. If that fails, gives it back.
template <class Print, class GiveBack>
void deliver(Print print, GiveBack give_back) {
  print();
  try {
    flush_output();
  } catch (const failure& x) {
    answer<void> given = give_back();
    throw failure{x.status(),
                  std::string{x.what()} + "; "
                    + (given ? "it is given back"
                             : "it cannot be given back: " + printable(given.error().detail))};
  }
}

void print_grant(const options& x, const grant& g, const char* what) {
  if (x.json)
    std::cout << to_json(g) << '\n';
  else if (x.quiet)
    std::cout << g.token << '\n';
  else
    std::cout << what << ' ' << printable(g.key) << " for " << show_duration(g.ttl) << ", until "
              << show_time(g.expires_at) << ": owner " << printable(g.owner) << ", token "
              << g.token << '\n';
}

int lock(const options& x) {
  auto client = client_of(x);
  auto obtained = value_of(client.acquire(x.key, x.acquire), "lock " + x.key);
  deliver([&] { print_grant(x, obtained, "locked"); },
          [&] { return client.release(x.key, obtained.token); });
  return ok();
}

int renew(const options& x) {
  auto about = "renew " + x.key;
  auto client = holder_of(x, about);
  print_grant(x, value_of(client.renew(x.key, x.token, x.acquire.ttl), about), "renewed");
  return ok();
}

int unlock(const options& x) {
  auto about = "unlock " + x.key;
  value_of(holder_of(x, about).release(x.key, x.token), about);
  if (x.json)
    std::cout << to_json("released", true) << '\n';
  return ok();
}

int force_unlock(const options& x) {
  auto released = value_of(client_of(x).force_release(x.key), "force-unlock " + x.key);
  if (x.json)
    std::cout << to_json("released", released) << '\n';
  else if (!x.quiet && !released)
    std::cout << printable(x.key) << " was free\n";
  return released ? ok() : no();
}

int status(const options& x) {
  auto found = value_of(client_of(x).inspect(x.key), "status " + x.key);
  if (x.json)
    std::cout << to_json(found) << '\n';
  else if (!x.quiet)
    print(std::cout, found);
  return found.holders.empty() ? no() : ok();
}

int list(const options& x) {
  std::vector<lock_info> all;
  auto collect = [&](const lock_info& found) {
    all.push_back(found);
    return true;
  };
  value_of(client_of(x).for_each_lock(x.prefix, collect), "list");
  if (x.json) {
    std::cout << to_json(all) << '\n';
  } else if (x.quiet) {
    for (auto& found : all)
      std::cout << printable(found.key) << '\n';
  } else {
    print(std::cout, all);
  }
  return ok();
}

void print_lease(const options& x, const lease& found) {
  if (x.json)
    std::cout << to_json(found) << '\n';
  else if (x.what == command::lease_create)
    std::cout << printable(found.id) << '\n';
  else if (!x.quiet)
    std::cout << show_duration(found.ttl) << " left\n";
}

int leases(const options& x) {
  auto client = client_of(x);
  if (x.what == command::lease_create) {
    auto created = value_of(client.create_lease(x.acquire.ttl), "leases create");
    deliver([&] { print_lease(x, created); }, [&] { return client.end_lease(created.id); });
  } else if (x.what == command::lease_renew) {
    print_lease(x, value_of(client.renew_lease(x.key), "leases renew"));
  } else if (x.what == command::lease_end) {
    value_of(client.end_lease(x.key), "leases end");
    if (x.json)
      std::cout << to_json("released", true) << '\n';
  } else {
    auto found = value_of(client.inspect_lease(x.key, {1'000}), "leases show");
    while (found.next) {
      auto more = value_of(client.inspect_lease(x.key, {1'000, *found.next}), "leases show");
      found.locks.insert(found.locks.end(), more.locks.begin(), more.locks.end());
      found.next = more.next;
    }
    if (x.json)
      std::cout << to_json(found) << '\n';
    else if (!x.quiet)
      print(std::cout, found);
  }
  return ok();
}

// Whether the reason is a lack of trust, and not that nobody answers.
bool is_refusal(const problem& x) {
  return x == errc::unreachable || x == std::errc::permission_denied;
}

int ping(const options& x) {
  auto found = client_of(x).ping();
  auto answers = found.has_value();
  auto where = printable(x.host) + " port " + std::to_string(x.port);
  if (x.json)
    std::cout << to_json("answers", answers) << '\n';
  else if (!x.quiet && answers)
    std::cout << where << " answers\n";
  else if (!x.quiet)
    std::cerr << (is_refusal(found.error()) ? printable(found.error().detail)
                                            : where + " does not answer")
              << '\n';
  return static_cast<int>(answers ? exit_status::ok : exit_status::unavailable);
}

template <class T>
int show(const options& x, const T& found) {
  if (x.json)
    std::cout << to_json(found) << '\n';
  else if (!x.quiet)
    print(std::cout, found);
  return ok();
}

int server(const options& x) {
  return show(x, value_of(client_of(x).server(), "server"));
}

bool takes_something(command x) {
  return x == command::run || x == command::lock || x == command::lease_create;
}

// Adds the owner if the user has named none. If the server does not say which owners it
// allows, the command itself reports why.
options with_owner(options x) {
  if (!x.owner.empty() || !takes_something(x.what))
    return x;
  auto is_known = !x.access_token.empty() || (x.tls && !x.tls->certificate.empty());
  auto found = is_known ? client_of(x).access() : access_info{};
  x.owner = default_owner(found ? found->owners : std::vector<std::string>{});
  return x;
}

int whoami(const options& x) {
  return show(x, value_of(client_of(x).access(), "whoami"));
}

} // namespace

client_options connection_options(const options& x) {
  client_options result;
  result.reconnect_attempts = 1;
  result.tls = x.tls;
  result.token = x.access_token;
  return result;
}

int perform(const options& given) {
  auto x = with_owner(given);
  switch (x.what) {
    case command::run:
      return run(x);
    case command::lock:
      return lock(x);
    case command::unlock:
      return unlock(x);
    case command::renew:
      return renew(x);
    case command::status:
      return status(x);
    case command::list:
      return list(x);
    case command::lease_create:
    case command::lease_renew:
    case command::lease_show:
    case command::lease_end:
      return leases(x);
    case command::ping:
      return ping(x);
    case command::server:
      return server(x);
    case command::whoami:
      return whoami(x);
    case command::force_unlock:
      return force_unlock(x);
  }
  return static_cast<int>(exit_status::lost);
}

} // namespace lockserver::lockctl
