// What the journal gives the store of the items that have come in. Part of the journal.
#pragma once

#include "actors/journal.hpp"

#include <cstdint>

namespace lockserver {

/// Visits all items of a round, which must outlive it.
class journal::contents {
public:
  store_batch batch{};
  std::uint64_t decisions = 0;
  bool answers = false; // whether there are any that tell something

  void operator()(const lock_entry& x) {
    if (x.empty())
      return;
    ++decisions;
    for (auto& grant : x.granted)
      batch.grants.emplace_back(x.key, &grant);
    for (auto& ended : x.ended)
      batch.ended_grants.push_back(ended.token);
  }
  template <class Reply>
  void operator()(const parked_answer<Reply>& x) {
    answers = true;
    (*this)(x.what.entry);
  }
  void operator()(const parked<lease_entry, bool>& x) {
    ++decisions;
    auto& [what, record] = x.what;
    if (what == lease_entry::made)
      batch.new_leases.push_back(&record);
    else if (what == lease_entry::renewed)
      batch.renewed_leases.push_back(&record);
    else
      batch.ended_leases.push_back(record.id);
  }
  void operator()(const leases_expired& x) {
    decisions += x.ids.empty() ? 0 : 1;
    batch.ended_leases.insert(batch.ended_leases.end(), x.ids.begin(), x.ids.end());
  }
  void operator()(const key_rolled_back&) {
  }
  template <class Message, class Reply>
  void operator()(const parked<Message, Reply>&) {
    answers = true;
  }
};

} // namespace lockserver
