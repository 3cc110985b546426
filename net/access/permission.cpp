#include "net/access/permission.hpp"

#include <string>

namespace lockserver {

namespace {

bool has_right(const principal& who, const operation_row& row, std::string_view key) {
  switch (row.about) {
    case scope::nothing:
      return true;
    case scope::key:
    case scope::server:
      return who.may(row.needs, key);
    case scope::keys_below:
      return who.may_some(row.needs, key);
    case scope::some_key:
      return who.may_some(row.needs);
    case scope::lease:
      return who.may_some(row.needs) || who.may(right::force, "");
    case scope::every_key: // only the empty prefix covers all keys
      return who.may(row.needs, "");
    case scope::anything:
      return who.may_anything();
  }
  return false;
}

std::string right_in_words(const operation_row& row) {
  std::string name{row_of(row.needs).name};
  switch (row.about) {
    case scope::key:
      return "the right " + name + " for this key";
    case scope::keys_below:
      return "the right " + name + " for a key with this prefix";
    case scope::some_key:
    case scope::lease:
      return "the right " + name + " for some key";
    case scope::every_key:
      return "the right " + name + " for all keys";
    case scope::nothing:
    case scope::anything:
      return "a right";
    case scope::server:
      break;
  }
  return "the right " + name;
}

denial no_right(const principal& who, const operation_row& row) {
  // The client may have credentials that it did not send.
  if (who.is_anonymous())
    return unauthenticated("the request needs " + right_in_words(row)
                           + ": send a token, or show a certificate");
  denial result{errc::forbidden, "the client needs " + right_in_words(row)};
  if (row.about != scope::anything)
    result.missing = row.needs;
  return result;
}

} // namespace

std::optional<denial> refuse(const principal& who, const access_wish& x) {
  auto& row = row_of(x.what);
  if (!has_right(who, row, x.key))
    return no_right(who, row);
  if (x.owner && !who.owners().allow(*x.owner))
    return denial{errc::owner_not_yours,
                  "the client may not act for this owner, see \"owners\" in the access file"};
  return std::nullopt;
}

} // namespace lockserver
