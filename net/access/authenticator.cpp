#include "net/access/authenticator.hpp"

#include <openssl/crypto.h>

#include <utility>

namespace lockserver {

authenticator::~authenticator() {
  forget();
}

void authenticator::forget() noexcept {
  OPENSSL_cleanse(field_.data(), field_.size());
  field_.clear();
  by_field_ = nullptr;
}

bool authenticator::remembers(const access_rules& rules,
                              const authorization_field& field) const noexcept {
  return by_field_ != nullptr && generation_ == rules.generation() && field.count == 1
         && same_secret(field_, field.value);
}

auto authenticator::who(const access_rules& rules, const authorization_field& field,
                        bool is_private) -> answer {
  if (rules.is_open())
    return &rules.anonymous();
  if (remembers(rules, field) && is_private)
    return by_field_;
  if (generation_ != rules.generation()) {
    forget();
    by_certificate_ = certificate_ ? rules.with_certificate(*certificate_) : nullptr;
    generation_ = rules.generation();
  }
  if (certificate_ && by_certificate_ == nullptr)
    return unauthenticated("the certificate belongs to no identity, or to several");
  if (field.count == 0)
    return certificate_ ? by_certificate_ : &rules.anonymous();
  return verify(rules, field, is_private);
}

auto authenticator::again(const access_rules& rules) -> answer {
  if (by_field_ == nullptr)
    return who(rules, {}, true);
  auto shown = field_;
  auto result = who(rules, {shown, 1}, true);
  OPENSSL_cleanse(shown.data(), shown.size());
  return result;
}

// No sentence reveals whether an identity exists.
auto authenticator::verify(const access_rules& rules, const authorization_field& field,
                           bool is_private) -> answer {
  if (field.count > 1)
    return unauthenticated("the request has more than one Authorization field");
  if (!is_private)
    return denial{errc::tls_required,
                  "others can read a token that is sent without TLS: use TLS, and make a new "
                  "token"};
  auto read = read_authorization(field.value);
  if (auto* wrong = std::get_if<std::string>(&read))
    return unauthenticated(std::move(*wrong));
  auto& shown = std::get<credentials>(read);
  const auto* found = rules.with_token(hash_of(shown.token));
  if (found == nullptr)
    return unauthenticated("the token belongs to no identity");
  if (!shown.user.empty() && shown.user != found->name())
    return unauthenticated("the token does not belong to this user: the user name must be empty, "
                           "or the name of the identity");
  if (certificate_ && found != by_certificate_)
    return unauthenticated("token and certificate belong to two identities");
  forget();
  field_ = field.value;
  by_field_ = found;
  return found;
}

} // namespace lockserver
