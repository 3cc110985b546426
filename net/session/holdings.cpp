#include "net/session/holdings.hpp"

#include <algorithm>

namespace lockserver {

namespace {

// Whether a grant that ends with `x` ends when `over` is over.
bool ends(hold_mode x, hold_mode over) {
  return x != hold_mode::ttl && (x == hold_mode::connection || over == hold_mode::session);
}

constexpr std::size_t min_held = 64;

} // namespace

// -- acquire requests -----------------------------------------------------------

const acquisition& holdings::begin(std::uint64_t number, acquisition&& x) {
  if (spare_.empty())
    return waits_.emplace(number, std::move(x)).first->second;
  spare_.key() = number;
  spare_.mapped() = std::move(x);
  return waits_.insert(std::move(spare_)).position->second;
}

const acquisition* holdings::find(std::uint64_t number) const {
  auto i = waits_.find(number);
  return i == waits_.end() ? nullptr : &i->second;
}

acquisition holdings::end(std::uint64_t number) {
  spare_ = waits_.extract(number);
  return std::move(spare_.mapped());
}

std::vector<std::uint64_t> holdings::overdue(time_point now) const {
  std::vector<std::uint64_t> result;
  for (auto& [number, x] : waits_)
    if (x.answer_due <= now)
      result.push_back(number);
  return result;
}

time_point holdings::next_due() const {
  auto result = time_point::max();
  for (auto& [ticket, x] : waits_)
    result = std::min(result, x.answer_due);
  return result;
}

// -- grants -----------------------------------------------------------------------

void holdings::keep(std::uint64_t number, std::uint64_t token, time_point now,
                    time_point expires_at, bool replaces) {
  if (holds_.size() >= most_held_) {
    forget_expired(now);
    most_held_ = std::max(min_held, 2 * holds_.size());
  }
  auto& x = waits_.at(number);
  auto added = holds_.emplace(name{x.key, x.owner},
                              entry{x.ticket, number, token, x.ends_with, expires_at});
  if (x.ends_with != hold_mode::ttl)
    ++bound_;
  if (replaces)
    for (auto i = holds_.lower_bound(added->first); i != added;)
      i = erase(i);
}

void holdings::renewing(const std::string& key, const std::string& owner, std::uint64_t token,
                        time_point expires_at) {
  if (holds_.empty())
    return;
  auto [first, last] = holds_.equal_range({key, owner});
  for (auto i = first; i != last; ++i)
    if (token == 0 || token == i->second.token)
      i->second.expires_at = std::max(i->second.expires_at, expires_at);
}

void holdings::released(const std::string& key, const std::string& owner, std::uint64_t token) {
  if (holds_.empty())
    return;
  auto [i, last] = holds_.equal_range({key, owner});
  while (i != last)
    i = token == 0 || token == i->second.token ? erase(i) : std::next(i);
}

void holdings::released_all(const std::string& key) {
  for (auto i = holds_.lower_bound({key, {}}); i != holds_.end() && i->first.first == key;)
    i = erase(i);
}

bool holdings::has(const std::string& key) const {
  if (holds_.empty())
    return false;
  auto i = holds_.lower_bound({key, {}});
  return i != holds_.end() && i->first.first == key;
}

std::size_t holdings::bound(time_point now, std::size_t most) {
  if (bound_ >= most)
    forget_expired(now);
  return bound_;
}

void holdings::forget_expired(time_point now) {
  for (auto i = holds_.begin(); i != holds_.end();)
    i = i->second.expires_at <= now ? erase(i) : std::next(i);
}

std::optional<hold> holdings::take(const std::string& key, std::uint64_t number) {
  for (auto i = holds_.lower_bound({key, {}}); i != holds_.end() && i->first.first == key; ++i)
    if (i->second.number == number) {
      hold result{key, i->first.second, i->second.ticket, i->second.token};
      erase(i);
      return result;
    }
  return std::nullopt;
}

holdings::hold_map::iterator holdings::erase(hold_map::iterator x) noexcept {
  if (x->second.ends_with != hold_mode::ttl)
    --bound_;
  return holds_.erase(x);
}

// -- grants in doubt --------------------------------------------------------------

void holdings::answered(std::uint64_t number, position end) {
  if (waits_.contains(number)) {
    in_doubt_.push_back({{}, end});
    in_doubt_.back().what = this->end(number);
  }
}

void holdings::arrived(position end) {
  auto last = std::ranges::partition_point(in_doubt_, [end](auto& x) { return x.end <= end; });
  in_doubt_.erase(in_doubt_.begin(), last);
  most_in_doubt_ = std::max(min_in_doubt, 2 * in_doubt_.size());
}

// -- the end ----------------------------------------------------------------------

std::vector<withdrawn> holdings::take_undelivered(position may_have_arrived) {
  arrived(may_have_arrived);
  std::vector<withdrawn> result;
  result.reserve(in_doubt_.size());
  for (auto& x : in_doubt_)
    result.push_back({std::move(x.what), ends(x.what.ends_with, hold_mode::connection)});
  in_doubt_.clear();
  return result;
}

withdrawn holdings::take_wait(std::uint64_t number) {
  auto in_any_case = waits_.at(number).ends_with != hold_mode::ttl;
  return {end(number), in_any_case};
}

std::vector<withdrawn> holdings::take_waits(hold_mode over) {
  std::vector<withdrawn> result;
  result.reserve(waits_.size());
  for (auto& [ticket, x] : waits_)
    result.push_back({std::move(x), false});
  for (auto& x : result)
    x.in_any_case = ends(x.what.ends_with, over);
  waits_.clear();
  return result;
}

std::vector<hold> holdings::take_holds(hold_mode over) {
  std::vector<hold> result;
  result.reserve(bound_);
  for (auto i = holds_.begin(); i != holds_.end();) {
    auto& x = i->second;
    if (!ends(x.ends_with, over)) {
      ++i;
      continue;
    }
    result.push_back({i->first.first, i->first.second, x.ticket, x.token});
    i = erase(i);
  }
  return result;
}

} // namespace lockserver
