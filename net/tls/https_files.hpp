// The files of a server of HTTPS, and the context that is made of them. They can change
// while it serves: they are read and checked before anything takes their place.
#pragma once

#include "lockserver/settings.hpp"
#include "net/pem/pem.hpp"
#include "net/tls/tls.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace lockserver {

/// All that a context of HTTPS is made of.
struct https_files {
  pem::file certificate;
  pem::file key;
  std::optional<pem::file> authority; ///< Of clients.
  client_certificates clients = client_certificates::no;
  tls_version least = tls_version::v1_2;

  /// Throws `std::invalid_argument` with a sentence that names the file.
  static https_files read(const settings& x);
};

/// The context for new connections. Thread-safe.
class https_context {
public:
  /// Reads the files. Throws as `https_files::read`.
  /// @param config outlives this.
  explicit https_context(const settings& config);

  std::shared_ptr<const tls_context> now() const;

  /// Whether the time of the present certificate is over.
  bool has_expired() const {
    return now()->has_expired();
  }

  /// Another number after each change: cheaper to ask for than the context.
  unsigned version() const noexcept {
    return version_.load(std::memory_order_acquire);
  }

  /// Reads and checks the files again. Returns what puts them in place, or nothing when
  /// they are as they were. Throws as `https_files::read`.
  std::function<void()> prepare();

private:
  using digest = std::array<unsigned char, 32>;

  static digest digest_of(const https_files& x);
  void set(std::shared_ptr<const tls_context> x, const digest& of_files);

  const settings& config_;
  mutable std::mutex mutex_;
  std::shared_ptr<const tls_context> now_; // with mutex_, as what follows
  digest digest_{};
  std::atomic<unsigned> version_{0};
};

} // namespace lockserver
