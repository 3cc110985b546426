// The differences between CAF 0.17.6 and CAF 1.1 in the headers of messages and
// interfaces. For the headers of this library only. actors/compat has the other
// differences.
#pragma once

#include <caf/config.hpp>

// CAF 0.17 uses this header in result.hpp and does not include it.
#if CAF_MAJOR_VERSION == 0
#  include <caf/make_message.hpp>
#endif

#include <caf/actor_control_block.hpp>
#include <caf/error.hpp>
#include <caf/result.hpp>
#include <caf/timespan.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <type_traits>

// Not CAF_VERSION: CAF 1.0.0 through 1.1.0 define it as 0000..0100 (octal).
#define LOCKSERVER_CAF_1 (CAF_MAJOR_VERSION >= 1)
#if LOCKSERVER_CAF_1
#  include <caf/default_enum_inspect.hpp>
#  include <caf/is_error_code_enum.hpp>
/// Makes the values of an enum of this namespace codes of `caf::error`.
#  define LOCKSERVER_ERROR_CODE_ENUM(type)                                                         \
    namespace lockserver {                                                                         \
    template <class Inspector>                                                                     \
    bool inspect(Inspector& f, type& x) {                                                          \
      return caf::default_enum_inspect(f, x);                                                      \
    }                                                                                              \
    }                                                                                              \
    CAF_ERROR_CODE_ENUM(type)
/// Makes an enum of this namespace a field of a message: CAF writes its number. The
/// reader must check whether the number is one of the enumerators.
#  define LOCKSERVER_WIRE_ENUM(type)                                                               \
    template <class Inspector>                                                                     \
    bool inspect(Inspector& f, type& x) {                                                          \
      auto get = [&x] { return static_cast<std::underlying_type_t<type>>(x); };                    \
      auto set = [&x](std::underlying_type_t<type> number) {                                       \
        x = static_cast<type>(number);                                                             \
        return true;                                                                               \
      };                                                                                           \
      return f.apply(get, set);                                                                    \
    }
#else
/// CAF 0.17 writes the numbers of enums by itself.
#  define LOCKSERVER_WIRE_ENUM(type)
/// CAF 0.17 knows the category by a name of at most ten characters.
#  define LOCKSERVER_ERROR_CODE_ENUM(type) CAF_ERROR_CODE_ENUM(type, "lockserver")
#  include <caf/meta/type_name.hpp>
#endif

namespace lockserver::compat {

// -- interfaces: write result<Out...>(In...) everywhere ----------------------

#if LOCKSERVER_CAF_1
template <class... Sigs>
using typed_actor = caf::typed_actor<Sigs...>;
#else
template <class Sig>
struct to_mpi;
template <class... Out, class... In>
struct to_mpi<caf::result<Out...>(In...)> {
  using type = typename caf::replies_to<In...>::template with<Out...>;
};
template <class... Sigs>
using typed_actor = caf::typed_actor<typename to_mpi<Sigs>::type...>;
#endif

// -- inspect ------------------------------------------------------------------

template <class T>
struct field_ref {
  const char* name;
  T& value;
};

template <class T>
field_ref<T> field(const char* name, T& value) {
  return {name, value};
}

template <class Inspector, class T, class... Fs>
auto fields(Inspector& f, [[maybe_unused]] T& obj, [[maybe_unused]] const char* type_name,
            field_ref<Fs>... xs) {
#if LOCKSERVER_CAF_1
  return f.object(obj).fields(f.field(xs.name, xs.value)...);
#else
  return f(caf::meta::type_name(type_name), xs.value...);
#endif
}

} // namespace lockserver::compat
