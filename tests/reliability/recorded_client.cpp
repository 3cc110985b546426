#include "tests/reliability/recorded_client.hpp"

#include <algorithm>
#include <utility>

namespace reliability {

recorded_client::recorded_client(std::unique_ptr<lock_client> client, std::string owner,
                                 journal& to)
  : client_(std::move(client)), owner_(std::move(owner)), journal_(to) {
}

template <class Call>
void recorded_client::perform(std::vector<operation>& all, Call call, const time_point& from) {
  std::vector<std::uint64_t> numbers;
  auto sent = std::chrono::steady_clock::now();
  for (auto& x : all) {
    x.invoked = sent;
    numbers.push_back(journal_.asked(x));
  }
  reply answer = call(sent);
  auto answered = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& x = all[i];
    x.result = answer.result;
    // Without an answer, its end stays open.
    if (x.result != outcome::unknown)
      x.answered = answered;
    if (x.result == outcome::ok && x.what == action::acquire)
      x.token = answer.token;
    if (x.result == outcome::ok && answer.lasts > duration::zero())
      x.until = std::min(from, sent) + answer.lasts;
    x.reason = answer.reason;
    x.shows_holders = answer.shows_holders;
    x.holders = answer.holders;
    x.queue = answer.queue;
    journal_.answered(numbers[i], x);
  }
}

template <class Call>
operation recorded_client::perform(operation x, Call call, const time_point& from) {
  std::vector<operation> all;
  all.push_back(std::move(x));
  perform(all, std::move(call), from);
  return std::move(all.front());
}

operation recorded_client::about(action what, const owned_lock& x, duration ttl) const {
  operation result;
  result.what = what;
  result.owner = owner_;
  result.key = x.key;
  result.token = x.token;
  result.ttl = ttl;
  return result;
}

operation recorded_client::acquire(const std::string& key, acquire_request& x) {
  auto op = about(action::acquire, {key}, x.ttl);
  op.wait = x.wait;
  op.limit = x.limit;
  op.request_id = x.request_id;
  return perform(
    std::move(op),
    [&](time_point sent) {
      x.first_sent = std::min(x.first_sent, sent);
      return client_->acquire(key, x);
    },
    x.first_sent);
}

operation recorded_client::renew(const owned_lock& x, duration ttl) {
  return perform(about(action::renew, x, ttl),
                 [&](time_point) { return client_->renew(x.key, x.token, ttl); });
}

operation recorded_client::release(const owned_lock& x) {
  return perform(about(action::release, x),
                 [&](time_point) { return client_->release(x.key, x.token); });
}

operation recorded_client::verify(const std::string& key) {
  return perform(about(action::verify, {key}), [&](time_point) { return client_->verify(key); });
}

std::string recorded_client::create_lease(duration ttl) {
  auto got = client_->create_lease(ttl);
  return got.result == outcome::ok ? got.lease : std::string{};
}

outcome recorded_client::renew_lease(const std::string& id, const std::vector<owned_lock>& locks,
                                     duration ttl) {
  std::vector<operation> all;
  for (auto& x : locks)
    all.push_back(about(action::renew, x, ttl));
  perform(all, [&](time_point) { return client_->renew_lease(id); });
  return all.front().result;
}

outcome recorded_client::end_lease(const std::string& id, const std::vector<owned_lock>& locks) {
  std::vector<operation> all;
  for (auto& x : locks)
    all.push_back(about(action::release, x));
  perform(all, [&](time_point) { return client_->end_lease(id); });
  return all.front().result;
}

} // namespace reliability
