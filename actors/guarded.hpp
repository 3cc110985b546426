// Keeps an exception in a message handler from ending the actor. CAF would end
// it, and with a key its lock.
#pragma once

#include "actors/caf_answers.hpp"

#include <string_view>
#include <type_traits>
#include <utility>

namespace spdlog {
class logger;
}

namespace lockserver {

/// Writes an error about what has just been thrown. In a `catch` block only.
/// @param where it came from, such as "registry".
void log_exception(spdlog::logger& log, std::string_view where, std::string_view key = {}) noexcept;

/// A handler of `Self` for one kind of message. When `F` throws, it calls
/// `Self::on_exception()`, which must not throw, and answers a request with
/// `sec::runtime_error`. As large as a pointer, because a key has a dozen.
template <class F, class Signature = decltype(+std::declval<F>())>
class guarded_handler;

template <class F, class Result, class Self, class Message>
class guarded_handler<F, Result (*)(Self&, Message)> {
public:
  explicit guarded_handler(Self& self) : self_(&self) {
  }

  template <class T>
  struct to_result {
    using type = caf::result<T>;
    using answered = caf::delegated<T>;
  };
  template <class... Ts>
  struct to_result<caf::result<Ts...>> {
    using type = caf::result<Ts...>;
    using answered = caf::delegated<Ts...>;
  };
  using result = std::conditional_t<std::is_void_v<Result>, void, typename to_result<Result>::type>;
  using answered = typename to_result<Result>::answered; // nothing more is to be answered

  result operator()(Message x) const {
    try {
      if constexpr (std::is_void_v<Result>) {
        F{}(*self_, static_cast<Message>(x));
        return compat::respond(self_);
      } else {
        return compat::respond(self_, result{F{}(*self_, static_cast<Message>(x))});
      }
    } catch (...) {
      self_->on_exception();
    }
    compat::respond_failed(self_);
    if constexpr (!std::is_void_v<Result>)
      return answered{};
  }

private:
  Self* self_;
};

/// The same for the answer to a request of a `Self`; `F` may capture.
template <class Self, class F, class Reply>
auto guarded_answer(Self& self, F f, void (F::*)(Reply) const) {
  return [&self, f = std::move(f)](Reply x) {
    try {
      f(static_cast<Reply>(x));
    } catch (...) {
      self.on_exception();
    }
  };
}
template <class Self, class F>
auto guarded_answer(Self& self, F f) {
  return guarded_answer(self, std::move(f), &F::operator());
}

/// The same for an answer that says nothing, and for what takes the place of an answer.
template <class Self, class F>
auto guarded_call(Self& self, F f) {
  return [&self, f = std::move(f)] {
    try {
      f();
    } catch (...) {
      self.on_exception();
    }
  };
}

/// The behavior of `self`, whose handlers are captureless lambdas of the form
/// `[](Self& self, Message x) { … }`.
template <class Self, class... Fs>
auto guarded(Self& self, Fs...) {
  return typename Self::behavior_type{guarded_handler<Fs>{self}...};
}

} // namespace lockserver
