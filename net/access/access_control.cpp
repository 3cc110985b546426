#include "net/access/access_control.hpp"

#include "net/access/access_error.hpp"
#include "net/access/access_file.hpp"
#include "net/access/access_text.hpp"

#include <utility>

namespace lockserver {

namespace {

// A sentence about a file begins with its name.
template <class F>
auto about_file(const std::string& name, F f) {
  try {
    return f();
  } catch (const access_error& x) {
    throw access_error{"the access file '" + name + "': " + x.what()};
  }
}

} // namespace

access_control::access_control(std::string file, unsigned requests_per_second, std::size_t waiters)
  : file_(std::move(file)),
    gate_(requests_per_second),
    waiters_(waiters),
    now_(access_rules::open()),
    generation_(now_->generation()) {
  if (!file_.empty())
    prepare()();
}

std::shared_ptr<const access_rules> access_control::now() const {
  std::lock_guard guard{mutex_};
  return now_;
}

std::function<void()> access_control::prepare() {
  return about_file(file_, [this]() -> std::function<void()> {
    auto text = read_access_file(file_);
    auto hash = hash_of(text);
    {
      std::lock_guard guard{mutex_};
      if (hash == text_)
        return {};
    }
    return [this, rules = parse_access(text), hash] { set(rules, hash); };
  });
}

void access_control::set(std::shared_ptr<const access_rules> x, const token_hash& of_text) {
  std::lock_guard guard{mutex_};
  generation_.store(x->generation(), std::memory_order_release);
  now_ = std::move(x);
  text_ = of_text;
}

} // namespace lockserver
