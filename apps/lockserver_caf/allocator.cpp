// How the program's allocator, jemalloc, is set up. The C library's keeps what
// a peak of a million keys took for as long as the process lives.

extern "C" {

extern const char* malloc_conf;

/// jemalloc reads it at the start. Freed memory goes back to the system after a
/// second, by a thread of its own: no request pays for it.
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
