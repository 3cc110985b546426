// How the program's allocator, jemalloc, is set up. The C library's keeps what
// a peak of a million keys took for as long as the process lives.

#include <jemalloc/jemalloc.h>
#include <pthread.h>

extern "C" {

extern const char* malloc_conf;

/// jemalloc reads it at the start. Freed memory goes back to the system after a
/// second, by a thread of its own: no request pays for it.
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

namespace {

// A fork (`start`) leaves that thread behind, and jemalloc goes on without.
void start_thread_again() {
  bool on = true;
  mallctl("background_thread", nullptr, nullptr, &on, sizeof(on));
}

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, start_thread_again);

} // namespace
