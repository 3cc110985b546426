#include "net/tls/tls_bio.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace lockserver {

namespace {

tls_buffers& buffers_of(BIO* bio) {
  return *static_cast<tls_buffers*>(BIO_get_data(bio));
}

int read_buffer(BIO* bio, char* out, std::size_t capacity, std::size_t* size) {
  BIO_clear_retry_flags(bio);
  auto& in = buffers_of(bio).in;
  *size = std::min(capacity, in.size());
  if (*size == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(out, in.data(), *size);
  in.remove_prefix(*size);
  return 1;
}

int write_buffer(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  BIO_clear_retry_flags(bio);
  *written = 0;
  try {
    buffers_of(bio).out.append(data, size);
  } catch (const std::bad_alloc&) { // C lies between here and who could catch it
    return 0;
  }
  *written = size;
  return 1;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct method {
  BIO_METHOD* handle = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers");

  method() {
    if (handle == nullptr)
      throw std::bad_alloc{};
    BIO_meth_set_read_ex(handle, read_buffer);
    BIO_meth_set_write_ex(handle, write_buffer);
    BIO_meth_set_ctrl(handle, control);
  }
};

} // namespace

BIO* new_bio(tls_buffers& x) {
  static const method buffers; // for as long as there may be a BIO
  auto* result = BIO_new(buffers.handle);
  if (result == nullptr)
    throw std::bad_alloc{};
  BIO_set_data(result, &x);
  BIO_set_init(result, 1);
  return result;
}

} // namespace lockserver
