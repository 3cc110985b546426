#include "net/server/reloader.hpp"

#include <spdlog/logger.h>

#include <exception>

namespace lockserver {

reloader::result reloader::look(bool asked) {
  std::vector<commit> ready;
  std::string changed;
  try {
    for (auto& [name, prepare_part] : parts_) {
      if (auto x = prepare_part()) {
        ready.push_back(std::move(x));
        changed += (changed.empty() ? "" : ", ") + name;
      }
    }
  } catch (const std::exception& x) { // what is wrong, or no memory
    return failed(x.what(), asked);
  }
  last_problem_.clear();
  for (auto& put_in_place : ready)
    put_in_place();
  if (!ready.empty()) {
    log_.info("reloaded: {}", changed);
    return {false, "reloaded: " + changed};
  }
  if (asked && !empty())
    log_.info("nothing is reloaded: no file has changed");
  return {};
}

// The same is found at each look until it is mended, but said once.
reloader::result reloader::failed(const std::string& why, bool asked) {
  ++failures_;
  result said;
  if (asked || why != last_problem_) {
    said = {true, "nothing is reloaded, all stays as it was: " + why};
    log_.warn("{}", said.sentence);
  }
  last_problem_ = why;
  return said;
}

} // namespace lockserver
