// Configures the program's allocator, jemalloc. The C library's allocator never returns
// the memory of a peak of a million keys.

#include <jemalloc/jemalloc.h>
#include <pthread.h>

extern "C" {

extern const char* malloc_conf;

/// jemalloc reads this at the start. A thread of its own returns freed memory to the
/// system after a second, so no request pays for it.
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

namespace {

// The child of a fork (`start`) does not have that thread.
void start_thread_again() {
  bool on = true;
  mallctl("background_thread", nullptr, nullptr, &on, sizeof(on));
}

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, start_thread_again);

} // namespace
