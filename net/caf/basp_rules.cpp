#include "net/caf/basp_rules.hpp"

#include "actors/compat/wire.hpp"
#include "actors/messages.hpp"

#include <utility>
#include <vector>

namespace lockserver {

namespace {

template <class Bytes>
std::string text_of(const Bytes& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size()};
}

// The bytes that CAF writes for a message from one actor to another.
std::string message_bytes(caf::actor_system& sys, caf::message x) {
  return text_of(compat::wire_stages(sys)) + text_of(compat::wire_bytes(sys, x));
}

// The first bytes of a message that holds one `T`: the type, in the form of this version
// of CAF.
template <class T>
std::string type_bytes(caf::actor_system& sys) {
  T x;
  auto result = message_bytes(sys, caf::make_message(x));
  result.resize(result.size() - compat::wire_size(sys, x));
  return result;
}

template <class... Ts>
std::vector<std::string> types_bytes(caf::actor_system& sys) {
  return {type_bytes<Ts>(sys)...};
}

} // namespace

std::string wire_name(caf::actor_system& sys, caf::node_id node) {
  return text_of(compat::wire_bytes(sys, node));
}

basp_rules make_basp_rules(caf::actor_system& sys, std::size_t max_senders,
                           std::shared_ptr<const reachable_actors> reachable) {
  basp_rules result;
  result.node = wire_name(sys, sys.node());
  result.to_gateway = types_bytes<session_hello>(sys);
  result.to_session
    = types_bytes<session_acquire, release_request, renew_request, check_request, inspect_request,
                  list_request, lease_create_request, lease_renew_request, lease_inspect_request,
                  lease_end_request, withdraw_request, keep_alive>(sys);
  const std::string what = "info";
  result.spawn_question = message_bytes(sys,
                                        caf::make_message(caf::sys_atom_v, caf::get_atom_v, what));
  auto answer = message_bytes(sys, caf::make_message(caf::ok_atom_v, what, caf::strong_actor_ptr{},
                                                     std::string{}));
  result.spawn_answer = answer.substr(0, answer.rfind(what) + what.size());
  caf::error none;
  caf::error some = caf::exit_reason::normal;
  result.reasons = {compat::wire_size(sys, none), compat::wire_size(sys, some)};
  result.max_senders = max_senders;
  result.find = [reachable = std::move(reachable)](std::string_view node, std::uint64_t actor) {
    return reachable->find(node, actor);
  };
  return result;
}

} // namespace lockserver
