#include "net/access/access_text.hpp"

#include "actors/rules/key_name.hpp"
#include "actors/rules/shown.hpp"
#include "net/access/access_error.hpp"
#include "net/access/json_document.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace lockserver {

namespace json = boost::json;

namespace {

[[noreturn]] void wrong(const std::string& place, std::string_view sentence) {
  throw access_error{(place.empty() ? "the document" : place) + ' ' + std::string{sentence}};
}

std::string_view view(json::string_view x) {
  return {x.data(), x.size()};
}

// A value of the document, and its place.
struct node {
  const json::value& value;
  std::string place;

  const json::object& object(const char* what) const {
    if (auto* x = value.if_object())
      return *x;
    wrong(place, std::string{"must be an object: "} + what);
  }

  std::string text() const {
    if (auto* x = value.if_string())
      return {x->data(), x->size()};
    wrong(place, "must be a string");
  }

  // Calls `f(node)` for each element.
  template <class F>
  void each(const char* what, F f) const {
    auto* all = value.if_array();
    if (all == nullptr)
      wrong(place, std::string{"must be an array of "} + what);
    for (std::size_t i = 0; i < all->size(); ++i)
      f(node{(*all)[i], place_of(place, i)});
  }

  // The members by name. Others are an error.
  struct member {
    const char* name;
    bool must_be = false;
  };
  using member_map = std::map<std::string_view, node>;
  member_map members(const char* what, std::initializer_list<member> known) const {
    member_map result;
    for (auto& [name, x] : object(what)) {
      auto is_known = [n = view(name)](auto& k) { return k.name == n; };
      if (std::none_of(known.begin(), known.end(), is_known)) {
        std::string names;
        for (auto& k : known)
          names += (names.empty() ? "" : ", ") + std::string{k.name};
        wrong(place_of(place, view(name)), "is unknown here; known are " + names);
      }
      result.emplace(view(name), node{x, place_of(place, view(name))});
    }
    for (auto& k : known)
      if (k.must_be && !result.contains(k.name))
        wrong(place, std::string{"has no member "} + k.name);
    return result;
  }
};

// Reads the roles first, because identities refer to them.
class reader {
public:
  std::shared_ptr<const access_rules> read(const json::value& document) {
    auto parts = node{document, ""}.members("{\"identities\": {...}}",
                                            {{"identities"}, {"roles"}, {"anonymous"}, {"caf"}});
    if (auto i = parts.find("roles"); i != parts.end())
      read_roles(i->second);
    if (auto i = parts.find("identities"); i != parts.end())
      read_identities(i->second);
    auto anonymous = principal{std::string{anonymous_name}, {}, {}};
    if (auto i = parts.find("anonymous"); i != parts.end())
      anonymous = read_nameless(i->second, anonymous_name,
                                owner_patterns::of_name(std::string{anonymous_name}));
    auto caf = principal{std::string{caf_name}, {}, {}};
    if (auto i = parts.find("caf"); i != parts.end())
      caf = read_nameless(i->second, caf_name, owner_patterns{{"*"}});
    return std::make_shared<access_rules>(std::move(identities_), std::move(anonymous),
                                          std::move(caf));
  }

private:
  // -- roles --------------------------------------------------------------------

  void read_roles(const node& x) {
    for (auto& [key, value] : x.object("the names of roles, and their lines")) {
      std::string name{view(key)};
      node role_node{value, place_of(x.place, name)};
      if (auto problem = check_name("its name", name); !problem.empty())
        wrong(role_node.place, "cannot be a role: " + problem);
      std::vector<access_line> lines;
      role_node.each("lines such as {\"keys\": \"deploy/\", \"allow\": [\"acquire\"]}",
                     [&](const node& line) { lines.push_back(read_line(line)); });
      roles_.emplace(name, std::make_shared<const role>(name, std::move(lines)));
    }
  }

  static access_line read_line(const node& x) {
    auto members = x.members("{\"keys\": \"deploy/\", \"allow\": [\"acquire\"]}",
                             {{"keys"}, {"allow", true}});
    access_line result{x.place, {}, {}};
    if (auto i = members.find("keys"); i != members.end()) {
      result.keys = i->second.text();
      if (!result.keys->empty())
        if (auto problem = check_name("", *result.keys); !problem.empty())
          wrong(i->second.place, "cannot be a prefix of keys: it" + problem);
    }
    auto& allow = members.at("allow");
    auto empty = true;
    allow.each("rights", [&](const node& one) {
      auto what = right_named(one.text());
      if (!what)
        wrong(one.place, "is not a right; the rights are " + names_of_rights());
      if (result.allow.has(*what))
        wrong(one.place, "is there twice");
      if (row_of(*what).is_about_keys && !result.keys)
        wrong(one.place,
              "is a right about keys: add \"keys\" with a prefix to the line; \"\" is for "
              "all keys");
      if (!row_of(*what).is_about_keys && result.keys)
        wrong(one.place, "is a right for the whole server: write it into a line without "
                         "\"keys\"");
      result.allow.add(*what);
      empty = false;
    });
    if (empty)
      wrong(allow.place, "must have at least one right: " + names_of_rights());
    return result;
  }

  principal::role_list read_role_names(const node& x) const {
    principal::role_list result;
    x.each("names of roles", [&](const node& one) {
      auto i = roles_.find(one.text());
      if (i == roles_.end())
        wrong(one.place, "is not one of \"roles\"" + known_roles());
      if (std::find(result.begin(), result.end(), i->second) != result.end())
        wrong(one.place, "is there twice");
      result.push_back(i->second);
    });
    return result;
  }

  // Only some: a file may have many, and the log has one line for the sentence.
  std::string known_roles() const {
    constexpr std::size_t most = 3;
    std::string result;
    for (std::size_t n = 0; auto& [name, x] : roles_) {
      if (n++ == most) {
        result += ", ...";
        break;
      }
      result += (result.empty() ? "" : ", ") + shown(name);
    }
    return result.empty() ? " (there are none)" : " (" + result + ')';
  }

  static owner_patterns read_owners(const node& x) {
    std::vector<std::string> result;
    x.each("owners, or beginnings of owners and a *", [&](const node& one) {
      result.push_back(one.text());
      if (auto problem = owner_patterns::check(result.back()); !problem.empty())
        wrong(one.place, problem);
    });
    return owner_patterns{std::move(result)};
  }

  // -- identities ---------------------------------------------------------------

  void read_identities(const node& x) {
    for (auto& [key, value] : x.object("the names of identities, and their members")) {
      std::string name{view(key)};
      node one{value, place_of(x.place, name)};
      if (auto problem = check_identity_name(name); !problem.empty())
        wrong(one.place, "cannot be an identity: " + problem);
      read_identity(std::move(name), one);
    }
  }

  void read_identity(std::string name, const node& x) {
    auto members = x.members("{\"tokens\": [...], \"roles\": [...]}",
                             {{"tokens"}, {"certificates"}, {"roles"}, {"owners"}});
    std::vector<token_hash> tokens;
    if (auto i = members.find("tokens"); i != members.end())
      i->second.each("hashes of tokens",
                     [&](const node& one) { tokens.push_back(read_token(one)); });
    std::vector<std::string> certificates;
    if (auto i = members.find("certificates"); i != members.end())
      i->second.each("names in certificates",
                     [&](const node& one) { certificates.push_back(read_certificate(one)); });
    auto owners = owner_patterns::of_name(name);
    auto who = read_principal(std::move(name), members, std::move(owners));
    identities_.push_back({std::move(who), std::move(tokens), std::move(certificates)});
  }

  // The value may be a token, so no sentence contains it.
  token_hash read_token(const node& x) {
    auto text = x.text();
    if (is_token(text))
      wrong(x.place, "is a token itself: write its sha256: line instead. Whoever can read this "
                     "file knows the token now, so make a new one");
    auto hash = read_token_hash(text);
    if (!hash)
      wrong(x.place, "must be sha256: and 64 hex digits, as lockserver-caf token prints it");
    auto [i, is_new] = tokens_.emplace(*hash, x.place);
    if (!is_new)
      wrong(x.place, "is the same as " + i->second + ": a token identifies one client");
    return *hash;
  }

  std::string read_certificate(const node& x) {
    auto text = x.text();
    if (auto problem = check_certificate_pattern(text); !problem.empty())
      wrong(x.place, problem);
    auto pattern = normal_pattern(text);
    auto [i, is_new] = certificates_.emplace(pattern, x.place);
    if (!is_new)
      wrong(x.place, "is the same as " + i->second + ": a certificate identifies one client");
    return pattern;
  }

  // -- all principals --------------------------------------------------------------

  principal read_nameless(const node& x, std::string_view name, owner_patterns owners) const {
    auto members = x.members("{\"roles\": [...]}", {{"roles"}, {"owners"}});
    return read_principal(std::string{name}, members, std::move(owners));
  }

  // @param owners if the file has none
  principal read_principal(std::string name, const node::member_map& members,
                           owner_patterns owners) const {
    principal::role_list roles;
    if (auto i = members.find("roles"); i != members.end())
      roles = read_role_names(i->second);
    if (auto i = members.find("owners"); i != members.end())
      owners = read_owners(i->second);
    return {std::move(name), std::move(roles), std::move(owners)};
  }

  std::map<std::string, std::shared_ptr<const role>, std::less<>> roles_;
  std::vector<identity> identities_;
  std::map<token_hash, std::string> tokens_;        // and their places
  std::map<std::string, std::string> certificates_; // and their places
};

} // namespace

std::shared_ptr<const access_rules> parse_access(std::string_view text) {
  return reader{}.read(read_document(text));
}

std::string check_identity_name(std::string_view name) {
  if (name == anonymous_name || name == caf_name)
    return std::string{name} + " is reserved: it is a member beside \"identities\"";
  if (auto problem = check_name("its name", name); !problem.empty())
    return problem;
  if (name.find(':') != std::string_view::npos)
    return "its name has a colon, which ends the user name in Authorization: Basic";
  if (name.find('*') != std::string_view::npos)
    return "its name has a *, which stands for any characters in owners";
  return {};
}

} // namespace lockserver
