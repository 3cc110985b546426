// No grant reappears after it has certainly ended, and none appears without a request.
#include "tests/reliability/facts.hpp"

namespace reliability {

namespace {

// Whether this is the first answer with a grant's token. check_tokens checks tokens that
// are given twice.
bool is_new(const operation& op, const known_grant* grant) {
  return op.what == action::acquire && op.result == outcome::ok
         && (grant == nullptr || grant->by == &op || grant->by->key != op.key
             || grant->by->owner != op.owner || grant->by->request_id != op.request_id);
}

void check_token(facts& all, const key_facts& key, const operation& op, std::uint64_t token,
                 const std::string& owner) {
  auto i = all.grants.find(token);
  auto* grant = i == all.grants.end() ? nullptr : &i->second;
  if (is_new(op, grant))
    return;
  if (grant != nullptr && grant->released != nullptr && grant->released != &op
      && grant->released->answered <= op.invoked)
    all.accuse("forgotten_release", [&] {
      return all.text(op) + " knows token " + std::to_string(token) + " of " + owner
             + " as held after " + all.text(*grant->released) + " had released it";
    });
  auto* newest = key.newest_before(op.invoked);
  if (key.limit == 1 && newest != nullptr && newest->by->token > token)
    all.accuse("forgotten_release", [&] {
      return all.text(op) + " knows token " + std::to_string(token) + " of " + owner
             + " as held after the key had been granted anew, by " + all.text(*newest->by);
    });

  if (grant != nullptr) {
    if (grant->by->key != op.key || grant->by->owner != owner)
      all.accuse("invented_grant", [&] {
        return all.text(op) + " knows " + owner + " by token " + std::to_string(token)
               + ", which is that of " + all.text(*grant->by);
      });
    else if (grant->sent > op.answered)
      all.accuse("invented_grant", [&] {
        return all.text(op) + " knows token " + std::to_string(token) + " before "
               + all.text(*grant->by) + " asked for it";
      });
    return;
  }
  auto asked = key.unknown_acquires.find(owner);
  if (asked == key.unknown_acquires.end() || asked->second > op.answered)
    all.accuse("invented_grant", [&] {
      return all.text(op) + " knows " + owner + " as a holder by token " + std::to_string(token)
             + ", and no request of it can have led to that";
    });
}

} // namespace

void check_ended(facts& all) {
  for (auto& named : all.keys)
    for (auto& key = named.second; auto* op : key.operations)
      if (!all.may_be_repeat(*op))
        for_each_token(*op, [&](std::uint64_t token, const std::string& owner) {
          check_token(all, key, *op, token, owner);
        });
}

} // namespace reliability
