// What a server knows of the client of one connection, and may let it do.
#pragma once

#include "net/access/access_control.hpp"
#include "net/access/authenticator.hpp"

#include <memory>
#include <utility>

namespace lockserver {

/// Each connection has one. Keeps the rules that the last answer was given by, and takes the
/// server's new ones at the next request. Not thread-safe.
class client_access {
public:
  /// The client, valid until the next call; or why it may not do what it wants.
  using answer = access_gate::answer;

  /// @param control lives longer than this object
  explicit client_access(access_control& control) : control_(control), rules_(control.now()) {
  }

  /// See `authenticator`.
  void certificate(peer_names x) {
    who_.certificate(std::move(x));
  }

  /// Checks a request.
  answer pass(const arrival& how, const access_wish& x, access_gate::clock::time_point now) {
    refresh();
    if (rules_->is_open() && !control_.gate().limits_rates())
      return &rules_->anonymous();
    return control_.gate().pass(*rules_, who_, how, x, now);
  }

  /// Checks a request under way once more, because the rules have changed.
  /// @param was whose request it is, by the rules that were valid before
  answer again(const principal& was, const access_wish& x) {
    auto name = was.name();
    auto is_anonymous = was.is_anonymous();
    refresh();
    auto result = is_anonymous ? answer{&rules_->anonymous()} : who_.again(*rules_);
    auto* known = std::get_if<const principal*>(&result);
    if (known == nullptr)
      return result;
    // The lock would belong to the identity that asked for it.
    auto no = refuse(**known, x);
    if ((*known)->name() != name)
      no = unauthenticated("the credentials belong to another identity now");
    if (!no)
      return result;
    no->identity = is_anonymous ? std::string{} : std::move(name);
    return std::move(*no);
  }

private:
  void refresh() {
    if (rules_->generation() != control_.generation())
      rules_ = control_.now();
  }

  access_control& control_;
  std::shared_ptr<const access_rules> rules_;
  authenticator who_;
};

} // namespace lockserver
