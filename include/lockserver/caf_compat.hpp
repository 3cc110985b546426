// The single place that knows which CAF this is built against: 0.17.6, which
// Debian ships, or 1.1. Everything else is written against what stands here.
#pragma once

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/all.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/resumable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Not CAF_VERSION: CAF 1.0.0 through 1.1.0 define it as 0000..0100 (octal).
#define LOCKSERVER_CAF_1 (CAF_MAJOR_VERSION >= 1)
#if LOCKSERVER_CAF_1
#  include <caf/default_enum_inspect.hpp>
#  include <caf/detail/actor_system_access.hpp>
#  include <caf/scheduler.hpp>
/// Lets the values of an enum of this namespace be codes of `caf::error`.
#  define LOCKSERVER_ERROR_CODE_ENUM(type)                                                         \
    namespace lockserver {                                                                         \
    template <class Inspector>                                                                     \
    bool inspect(Inspector& f, type& x) {                                                          \
      return caf::default_enum_inspect(f, x);                                                      \
    }                                                                                              \
    }                                                                                              \
    CAF_ERROR_CODE_ENUM(type)
#else
/// The same; CAF 0.17 knows the category by a name of at most ten characters.
#  define LOCKSERVER_ERROR_CODE_ENUM(type) CAF_ERROR_CODE_ENUM(type, "lockserver")
#  include <caf/detail/thread_safe_actor_clock.hpp>
#  include <caf/meta/type_name.hpp>
#  include <caf/scheduler/abstract_coordinator.hpp>

#  include <atomic>
#  include <mutex>
#  include <thread>
#  include <unordered_set>
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

// -- type registration --------------------------------------------------------

/// Makes the message types of `Blocks` known. Call before creating any config.
template <class... Blocks>
void init_types() {
#if LOCKSERVER_CAF_1
  caf::init_global_meta_objects<Blocks...>();
  caf::core::init_global_meta_objects();
#endif
}

/// The same for the types of a module, such as `caf::io::middleman`.
template <class Module>
void init_module_types() {
#if LOCKSERVER_CAF_1
  Module::init_global_meta_objects();
#endif
}

/// Makes the message types of `Blocks` known to one system. Call on its config.
template <class... Blocks>
void register_types([[maybe_unused]] caf::actor_system_config& cfg) {
#if !LOCKSERVER_CAF_1
  (cfg.add_message_types<Blocks>(), ...);
#endif
}

// -- messaging ----------------------------------------------------------------

template <class Self, class Handle, class... Ts>
void send(Self* self, const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  self->mail(std::forward<Ts>(xs)...).send(to);
#else
  self->send(to, std::forward<Ts>(xs)...);
#endif
}

/// A request without a timeout in CAF: its deadline is the caller's business.
template <class Self, class Handle, class... Ts>
auto request(Self* self, const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  return self->mail(std::forward<Ts>(xs)...).request(to, caf::infinite);
#else
  return self->request(to, caf::infinite, std::forward<Ts>(xs)...);
#endif
}

template <class Handle, class... Ts>
void anon_send(const Handle& to, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  caf::anon_mail(std::forward<Ts>(xs)...).send(to);
#else
  caf::anon_send(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends a message after some time, by CAF's clock. It cannot be called back,
/// and keeps the receiver alive until then.
template <class Handle, class T>
void delayed_anon_send(const Handle& to, std::chrono::nanoseconds delay, T x) {
#if LOCKSERVER_CAF_1
  caf::anon_mail(std::move(x)).delay(delay).send(to);
#else
  caf::delayed_anon_send(to, delay, std::move(x));
#endif
}

/// Calls `f` with the address of `whom` and why once that has ended, also when its
/// node cannot be reached any more (`is_unreachable`); at once if it has ended
/// already. An actor of CAF 0.17 has one such function: pass the same `f` each time.
template <class Self, class F>
void on_down(Self* self, const caf::actor& whom, F f) {
#if LOCKSERVER_CAF_1
  self->monitor(whom, [address = whom.address(), f](const caf::error& why) { f(address, why); });
#else
  self->set_down_handler([f](const caf::down_msg& x) { f(x.source, x.reason); });
  self->monitor(whom);
#endif
}

/// Whether that is no end at all: the actor's node cannot be reached any more.
inline bool is_unreachable(const caf::error& why) {
  return why == caf::exit_reason::remote_link_unreachable;
}

/// What `self` returns when it passes its request on to `to` as `xs`.
#if LOCKSERVER_CAF_1
template <class Self, class To, class... Ts>
using delegated_by
  = decltype(std::declval<Self&>().mail(std::declval<Ts>()...).delegate(std::declval<const To&>()));
#else
template <class Self, class To, class... Ts>
using delegated_by
  = decltype(std::declval<Self&>().delegate(std::declval<const To&>(), std::declval<Ts>()...));
#endif

/// A message that is on its way from nobody yet. Not through other actors: nothing of
/// ours is composed of several.
template <class... Ts>
caf::mailbox_element_ptr make_element(caf::message_id id, Ts&&... xs) {
#if LOCKSERVER_CAF_1
  return caf::make_mailbox_element(nullptr, id, std::forward<Ts>(xs)...);
#else
  return caf::make_mailbox_element(nullptr, id, {}, std::forward<Ts>(xs)...);
#endif
}

/// What a handler has answered, or null.
template <class T>
caf::message* value_of(caf::result<T>& x) {
#if LOCKSERVER_CAF_1
  return std::get_if<caf::message>(&x.get_data());
#else
  return x.flag == caf::rt_value ? &x.value : nullptr;
#endif
}

/// The error that it has answered, or null.
template <class T>
caf::error* error_of(caf::result<T>& x) {
#if LOCKSERVER_CAF_1
  return std::get_if<caf::error>(&x.get_data());
#else
  return x.flag == caf::rt_error ? &x.err : nullptr;
#endif
}

/// Ends an actor once it has worked off what it has received.
template <class Self>
void anon_send_exit(Self* self) {
  caf::anon_send_exit(self->address(), caf::exit_reason::user_shutdown);
}

// -- on the wire ------------------------------------------------------------------

/// What `x` is there.
template <class T>
auto wire_bytes(caf::actor_system& sys, T& x) {
#if LOCKSERVER_CAF_1
  caf::byte_buffer buffer;
  caf::binary_serializer sink{sys, buffer};
  static_cast<void>(sink.apply(x));
#else
  std::vector<char> buffer;
  caf::binary_serializer sink{sys, buffer};
  static_cast<void>(sink(x));
#endif
  return buffer;
}

/// How many bytes that takes.
template <class T>
std::size_t wire_size(caf::actor_system& sys, T& x) {
  return wire_bytes(sys, x).size();
}

/// What precedes a message there, from one actor to another.
inline auto wire_stages(caf::actor_system& sys) {
#if LOCKSERVER_CAF_1
  static_cast<void>(sys);
  return caf::byte_buffer{};
#else
  std::vector<caf::strong_actor_ptr> none;
  return wire_bytes(sys, none);
#endif
}

// -- version ------------------------------------------------------------------

/// Of CAF, such as "0.17.6". Two nodes must have the same.
inline std::string version() {
  return std::to_string(CAF_MAJOR_VERSION) + "." + std::to_string(CAF_MINOR_VERSION) + "."
         + std::to_string(CAF_PATCH_VERSION);
}

// -- errors -------------------------------------------------------------------

inline std::string render([[maybe_unused]] caf::actor_system& sys, const caf::error& x) {
#if LOCKSERVER_CAF_1
  return to_string(x);
#else
  return sys.render(x);
#endif
}

// -- CAF's network --------------------------------------------------------------

/// What TLS between CAF nodes goes by: names of PEM files. Each side shows its
/// certificate and takes only peers whose certificate the authority has signed.
struct tls_files {
  std::string certificate;
  std::string key;       ///< Without a passphrase.
  std::string authority; ///< The certificate of the authority.
};

/// By which CAF's middleman knows the actor that speaks BASP.
inline auto basp_broker_name() {
#if LOCKSERVER_CAF_1
  return "BASP";
#else
  return caf::atom("BASP");
#endif
}

// -- hosting actors -----------------------------------------------------------

#if LOCKSERVER_CAF_1
using execution_context = caf::scheduler;
#else
using execution_context = caf::execution_unit;
#endif

/// What runs actors: one per thread. Passed to each actor that it resumes, it
/// receives the actors that this one wakes.
class worker : public execution_context {
public:
#if LOCKSERVER_CAF_1
  void schedule(caf::resumable* job) final {
    add(job);
  }
  void delay(caf::resumable* job) final {
    add(job);
  }
  void start() final {
  }
  void stop() final {
  }
  void attach(caf::actor_system&) noexcept {
  }
#else
  void exec_later(caf::resumable* job) final {
    add(job);
  }
  void attach(caf::actor_system& sys) noexcept {
    system_ = &sys;
  }
#endif

  /// Takes over one reference to `job` and runs it later. Thread-safe.
  virtual void add(caf::resumable* job) = 0;

  /// Runs `job` once. Returns whether it wants to go on (the caller keeps the
  /// reference); otherwise its reference has been given up.
  bool resume(caf::resumable* job, std::size_t max_messages) {
    if (job->resume(this, max_messages) == caf::resumable::resume_later)
      return true;
    caf::intrusive_ptr_release(job);
    return false;
  }
};

/// The set of workers behind one actor system. Must outlive it.
class worker_pool {
public:
  virtual ~worker_pool() = default;

  /// A job from outside all workers, or from one of them. Thread-safe.
  virtual void add(caf::resumable* job) = 0;

  /// The system is complete but for its scheduler's start: begin to run jobs.
  virtual void start(caf::actor_system& sys) = 0;

  /// No more jobs come. Returns when no worker runs; jobs left over have been
  /// handed to `abandon`.
  virtual void stop() = 0;

  /// Until `release_wakes`, jobs from the calling thread, which is none of the
  /// workers', need not wake a worker one by one. Thread-safe.
  virtual void hold_wakes() {
  }
  virtual void release_wakes() {
  }

protected:
  /// Gives a job up that will never run.
  static void abandon(caf::resumable* job) {
#if LOCKSERVER_CAF_1
    caf::intrusive_ptr_release(job);
#else
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
#endif
  }
};

#if LOCKSERVER_CAF_1

/// Shows a `worker_pool` to CAF as its scheduler.
class scheduler_adapter final : public caf::scheduler {
public:
  scheduler_adapter(caf::actor_system& sys, worker_pool& pool) : sys_(&sys), pool_(&pool) {
  }
  void schedule(caf::resumable* job) override {
    pool_->add(job);
  }
  void delay(caf::resumable* job) override {
    pool_->add(job);
  }
  void start() override {
    pool_->start(*sys_);
  }
  void stop() override {
    pool_->stop();
  }

private:
  caf::actor_system* sys_;
  worker_pool* pool_;
};

/// Makes an actor system whose actors run on `pool`.
inline std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& cfg,
                                                      worker_pool& pool) {
  auto setup = [](caf::actor_system& sys, caf::actor_system_config&, void* ptr) {
    caf::detail::actor_system_access access{sys};
    access.scheduler(std::make_unique<scheduler_adapter>(sys, *static_cast<worker_pool*>(ptr)));
  };
  return std::make_unique<caf::actor_system>(cfg, setup, &pool);
}

#else

/// CAF's clock, for actors that use CAF's timeouts; nothing of ours does. CAF
/// tells it of every actor that ends, which would wake the clock's thread each
/// time: only those that have set a timeout on it are passed on.
class on_demand_clock final : public caf::detail::thread_safe_actor_clock {
public:
  using super = caf::detail::thread_safe_actor_clock;

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override {
    remember(self);
    super::set_ordinary_timeout(t, self, type, id);
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    remember(self);
    super::set_request_timeout(t, self, id);
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override {
    remember(self);
    super::set_multi_timeout(t, self, type, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    if (forget(self))
      super::cancel_timeouts(self);
  }

private:
  void remember(caf::abstract_actor* x) {
    std::lock_guard guard{mutex_};
    users_.insert(x);
    any_ = true;
  }
  bool forget(caf::abstract_actor* x) {
    // An actor ends after it has set its timeouts: this sees its own.
    if (!any_)
      return false;
    std::lock_guard guard{mutex_};
    return users_.erase(x) > 0;
  }

  std::mutex mutex_;
  std::unordered_set<caf::abstract_actor*> users_;
  std::atomic<bool> any_{false};
};

/// Shows a `worker_pool` to CAF as its scheduler.
class scheduler_adapter final : public caf::scheduler::abstract_coordinator {
public:
  using super = caf::scheduler::abstract_coordinator;

  scheduler_adapter(caf::actor_system& sys, worker_pool& pool) : super(sys), pool_(&pool) {
  }
  void enqueue(caf::resumable* job) override {
    pool_->add(job);
  }
  caf::detail::thread_safe_actor_clock& clock() noexcept override {
    return clock_;
  }

protected:
  void start() override {
    pool_->start(system());
    clock_thread_ = std::thread{[this] { clock_.run_dispatch_loop(); }};
    super::start();
  }
  void stop() override {
    stop_actors();
    pool_->stop();
    clock_.cancel_dispatch_loop();
    clock_thread_.join();
  }

private:
  worker_pool* pool_;
  on_demand_clock clock_;
  std::thread clock_thread_;
};

/// Makes an actor system whose actors run on `pool`.
inline std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& cfg,
                                                      worker_pool& pool) {
  cfg.module_factories.push_back([&pool](caf::actor_system& sys) -> caf::actor_system::module* {
    return new scheduler_adapter(sys, pool);
  });
  return std::make_unique<caf::actor_system>(cfg);
}

#endif

/// An actor that always runs on one worker, whoever wakes it, as CAF's brokers
/// do: what else happens on that worker's thread needs no lock to share state
/// with it. `Base` is an actor class, such as `typed_actor<…>::base`.
template <class Base>
class pinned : public Base {
public:
  template <class... Ts>
  pinned(caf::actor_config& cfg, worker& host, Ts&&... xs)
    : Base(cfg, std::forward<Ts>(xs)...), host_(&host) {
    this->context(host_);
  }

  using Base::enqueue;

#if LOCKSERVER_CAF_1
  bool enqueue(caf::mailbox_element_ptr what, caf::scheduler*) override {
    return Base::enqueue(std::move(what), host_);
  }
#else
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    Base::enqueue(std::move(what), host_);
  }
#endif

private:
  worker* host_;
};

} // namespace lockserver::compat
