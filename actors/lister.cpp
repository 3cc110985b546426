#include "actors/lister.hpp"

#include "actors/rules/pacer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lockserver {

lister::lister(caf::actor_config& cfg, std::shared_ptr<const registries> keys,
               std::vector<std::string> ranges)
  : lister_actor::base(cfg),
    keys_(std::move(keys)),
    ranges_(std::make_move_iterator(ranges.begin()), std::make_move_iterator(ranges.end())) {
}

lister::behavior_type lister::make_behavior() {
  return guarded(*this, [](lister& self, list_request& x) -> caf::result<list_reply> {
    self.wanted_ = std::move(x);
    self.promise_ = self.make_response_promise<list_reply>();
    auto promise = self.promise_;
    self.skip_ranges();
    self.next_range();
    return promise;
  });
}

// Those whose keys all come before the page.
void lister::skip_ranges() {
  while (!ranges_.empty() && ranges_.front() < wanted_.after
         && !wanted_.after.starts_with(ranges_.front()))
    ranges_.pop_front();
}

void lister::next_range() {
  if (ranges_.empty())
    return finish();
  wanted_.prefix = std::move(ranges_.front());
  ranges_.pop_front();
  ask_for_names();
}

void lister::ask_for_names() {
  names_.clear();
  outstanding_ = keys_->all.size();
  round_ = std::min<std::size_t>(wanted_.limit - page_.locks.size(), pacer::most);
  // One more than needed, to know whether any follow.
  auto request = wanted_;
  request.limit = round_ + 1;
  for (auto& x : keys_->all)
    compat::request(this, x, request)
      .then(guarded_answer(*this,
                           [this](const key_names& some) {
                             names_.insert(names_.end(), some.names.begin(), some.names.end());
                             if (--outstanding_ == 0)
                               on_names();
                           }),
            guarded_answer(*this, [this](const caf::error& why) { fail(why); }));
}

void lister::on_names() {
  std::sort(names_.begin(), names_.end());
  more_ = names_.size() > round_;
  if (more_)
    names_.resize(round_);
  if (names_.empty())
    return next_range();
  locks_.assign(names_.size(), {});
  outstanding_ = names_.size();
  for (std::size_t i = 0; i < names_.size(); ++i)
    compat::request(this, keys_->of(names_[i]), inspect_request{names_[i], false})
      .then(guarded_answer(*this,
                           [this, i](lock_info& x) {
                             locks_[i] = std::move(x);
                             if (--outstanding_ == 0)
                               on_locks();
                           }),
            guarded_answer(*this, [this](const caf::error& why) { fail(why); }));
}

void lister::on_locks() {
  for (std::size_t i = 0; i < locks_.size(); ++i) {
    if (!locks_[i].holders.empty() && !add(std::move(locks_[i]))) {
      page_.next = wanted_.after;
      return finish();
    }
    wanted_.after = std::move(names_[i]);
  }
  if (page_.locks.size() < wanted_.limit)
    return more_ ? ask_for_names() : next_range();
  if (more_ || !ranges_.empty())
    page_.next = wanted_.after;
  finish();
}

void lister::on_exception() noexcept {
  try {
    fail(caf::make_error(caf::sec::runtime_error));
  } catch (...) { // the session gives it up in time
    quit();
  }
}

// Returns false when the page is full.
bool lister::add(lock_info&& x) {
  if (!room_.take(x.key))
    return false;
  for (auto& holder : x.holders)
    if (!room_.take(holder.owner, holder.metadata))
      return false;
  page_.locks.push_back(std::move(x));
  return true;
}

void lister::finish() {
  promise_.deliver(std::move(page_));
  quit();
}

// Whom it asked has ended, since the server stops; or the store is lost.
void lister::fail(const caf::error& why) {
  if (promise_.pending())
    promise_.deliver(why);
  quit();
}

} // namespace lockserver
