#include "tests/reliability/history.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace reliability {

namespace {

namespace json = boost::json;

std::int64_t nanoseconds(time_point x) {
  return std::chrono::nanoseconds{x.time_since_epoch()}.count();
}

std::int64_t milliseconds(duration x) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(x).count();
}

json::object to_json(const operation& x) {
  json::object result;
  result["do"] = to_string(x.what);
  result["key"] = x.key;
  result["owner"] = x.owner;
  result["invoked"] = nanoseconds(x.invoked);
  if (x.answered != never)
    result["answered"] = nanoseconds(x.answered);
  result["result"] = to_string(x.result);
  if (x.token != 0)
    result["token"] = x.token;
  if (x.ttl != duration{})
    result["ttl_ms"] = milliseconds(x.ttl);
  if (x.wait != duration{})
    result["wait_ms"] = milliseconds(x.wait);
  if (x.limit != 1)
    result["limit"] = x.limit;
  if (!x.request_id.empty())
    result["request_id"] = x.request_id;
  if (x.until != time_point{})
    result["until"] = nanoseconds(x.until);
  if (!x.reason.empty())
    result["reason"] = x.reason;
  if (x.shows_holders) {
    auto& list = result["holders"].emplace_array();
    for (auto& holder : x.holders)
      list.push_back(json::object{{"owner", holder.owner}, {"token", holder.token}});
  }
  if (!x.queue.empty()) {
    auto& list = result["queue"].emplace_array();
    for (auto& owner : x.queue)
      list.emplace_back(owner);
  }
  return result;
}

} // namespace

std::string to_string(action x) {
  switch (x) {
    case action::acquire:
      return "acquire";
    case action::renew:
      return "renew";
    case action::release:
      return "release";
    case action::verify:
      return "verify";
  }
  return "?";
}

std::string to_string(outcome x) {
  switch (x) {
    case outcome::ok:
      return "ok";
    case outcome::refused:
      return "refused";
    case outcome::not_done:
      return "not done";
    case outcome::unknown:
      return "unknown";
  }
  return "?";
}

time_point beginning(const history& all) {
  auto result = never;
  for (auto& x : all.operations)
    result = std::min(result, x.invoked);
  for (auto& x : all.lives)
    result = std::min(result, x.began);
  return result;
}

std::string describe(const history& all, time_point x) {
  if (x == never)
    return "the end";
  char text[32];
  auto seconds = std::chrono::duration<double>{x - beginning(all)}.count();
  std::snprintf(text, sizeof text, "%.6f s", seconds);
  return text;
}

std::string describe(const history& all, const operation& x) {
  auto number = &x - all.operations.data();
  std::string token = x.token != 0 ? ", token " + std::to_string(x.token) : "";
  return "#" + std::to_string(number) + " (" + x.owner + ": " + to_string(x.what) + " " + x.key
         + token + ", " + to_string(x.result) + (x.reason.empty() ? "" : " " + x.reason) + ", "
         + describe(all, x.invoked) + " to " + describe(all, x.answered) + ")";
}

std::ostream& operator<<(std::ostream& out, const history& x) {
  json::array lives;
  for (auto& life : x.lives) {
    json::object one{{"began", nanoseconds(life.began)}};
    if (life.ended != never)
      one["ended"] = nanoseconds(life.ended);
    lives.push_back(std::move(one));
  }
  json::object head{{"durable", x.durable}, {"lives", std::move(lives)}};
  auto& left = head["left_over"].emplace_array();
  for (auto& entry : x.left_over)
    left.emplace_back(entry);
  out << json::serialize(head) << '\n';
  for (auto& operation : x.operations)
    out << json::serialize(to_json(operation)) << '\n';
  return out;
}

} // namespace reliability
