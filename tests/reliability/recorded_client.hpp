// A client whose requests and answers go into a journal.
#pragma once

#include "tests/reliability/journal.hpp"
#include "tests/reliability/lock_client.hpp"

#include <memory>
#include <string>
#include <utility>

namespace reliability {

class recorded_client {
public:
  recorded_client(std::unique_ptr<lock_client> client, std::string owner, journal& to)
    : client_(std::move(client)), owner_(std::move(owner)), journal_(to) {
  }

  const std::string& owner() const noexcept {
    return owner_;
  }

  /// @param x `first_sent` is set if it is not yet.
  operation acquire(const std::string& key, acquire_request& x) {
    operation op;
    op.what = action::acquire;
    op.ttl = x.ttl;
    op.wait = x.wait;
    op.limit = x.limit;
    op.request_id = x.request_id;
    return perform(std::move(op), key, [&](const operation& sent) {
      if (x.first_sent == never)
        x.first_sent = sent.invoked;
      return std::pair{client_->acquire(key, x), x.first_sent};
    });
  }

  operation renew(const std::string& key, std::uint64_t token, duration ttl) {
    operation op;
    op.what = action::renew;
    op.token = token;
    op.ttl = ttl;
    return perform(std::move(op), key, [&](const operation& sent) {
      return std::pair{client_->renew(key, token, ttl), sent.invoked};
    });
  }

  operation release(const std::string& key, std::uint64_t token) {
    operation op;
    op.what = action::release;
    op.token = token;
    return perform(std::move(op), key, [&](const operation& sent) {
      return std::pair{client_->release(key, token), sent.invoked};
    });
  }

  operation verify(const std::string& key) {
    operation op;
    op.what = action::verify;
    return perform(std::move(op), key, [&](const operation& sent) {
      return std::pair{client_->verify(key), sent.invoked};
    });
  }

private:
  // @param call returns the answer, and from when on a grant's time counts.
  template <class Call>
  operation perform(operation op, const std::string& key, Call call) {
    op.key = key;
    op.owner = owner_;
    op.invoked = std::chrono::steady_clock::now();
    auto number = journal_.asked(op);
    auto [answer, from] = call(op);
    op.answered = std::chrono::steady_clock::now();
    op.result = answer.result;
    if (answer.result == outcome::ok && op.what != action::verify)
      op.token = answer.token;
    if (answer.result == outcome::ok && answer.lasts > duration::zero())
      op.until = from + answer.lasts;
    op.reason = std::move(answer.reason);
    op.shows_holders = answer.shows_holders;
    op.holders = std::move(answer.holders);
    op.queue = std::move(answer.queue);
    // Without an answer it is open for ever.
    if (op.result == outcome::unknown)
      op.answered = never;
    journal_.answered(number, op);
    return op;
  }

  std::unique_ptr<lock_client> client_;
  std::string owner_;
  journal& journal_;
};

} // namespace reliability
