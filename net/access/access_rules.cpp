#include "net/access/access_rules.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>

namespace lockserver {

namespace {

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

principal almighty(std::string_view name) {
  access_line keys{"", "", {}};
  access_line server{"", {}, {}};
  for (auto& row : all_rights)
    (row.is_about_keys ? keys : server).allow.add(row.what);
  auto everything = std::make_shared<const role>("", std::vector{keys, server});
  return {std::string{name}, {everything}, owner_patterns{{"*"}}};
}

} // namespace

access_rules::access_rules(std::vector<identity> identities, principal anonymous, principal caf)
  : anonymous_(std::move(anonymous)), caf_(std::move(caf)), generation_(next_generation()) {
  for (auto& x : identities) {
    auto who = std::make_unique<const principal>(std::move(x.who));
    for (auto& hash : x.tokens)
      tokens_.emplace_back(hash, who.get());
    for (auto& pattern : x.certificates)
      certificates_.emplace(std::move(pattern), who.get());
    identities_.push_back(std::move(who));
  }
  std::sort(identities_.begin(), identities_.end(),
            [](auto& x, auto& y) { return x->name() < y->name(); });
  std::sort(tokens_.begin(), tokens_.end(), [](auto& x, auto& y) { return x.first < y.first; });
}

std::shared_ptr<const access_rules> access_rules::open() {
  auto result = std::make_shared<access_rules>(std::vector<identity>{}, almighty(anonymous_name),
                                               almighty(caf_name));
  result->is_open_ = true;
  return result;
}

const principal* access_rules::named(std::string_view name) const noexcept {
  if (name == anonymous_name)
    return &anonymous_;
  if (name == caf_name)
    return &caf_;
  auto i = std::lower_bound(identities_.begin(), identities_.end(), name,
                            [](auto& x, std::string_view y) { return x->name() < y; });
  return i != identities_.end() && (*i)->name() == name ? i->get() : nullptr;
}

// The time of the search may reveal the first bytes of a stored hash. They are of no use:
// an attacker would have to find a token for a hash. The comparison after the search is
// always made, in constant time.
const principal* access_rules::with_token(const token_hash& hash) const noexcept {
  static constexpr std::pair<token_hash, const principal*> nobody{};
  auto i = std::lower_bound(tokens_.begin(), tokens_.end(), hash,
                            [](auto& x, auto& y) { return x.first < y; });
  auto& found = i == tokens_.end() ? nobody : *i;
  auto differs = CRYPTO_memcmp(found.first.data(), hash.data(), hash.size()) != 0;
  return differs ? nullptr : found.second;
}

const principal* access_rules::with_certificate(const peer_names& x) const {
  const principal* result = nullptr;
  for (auto& pattern : patterns_of(x)) {
    auto i = certificates_.find(pattern);
    if (i == certificates_.end())
      continue;
    if (result != nullptr && result != i->second)
      return nullptr;
    result = i->second;
  }
  return result;
}

} // namespace lockserver
