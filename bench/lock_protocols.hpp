// The requests with which several servers take and give back a lock: bytes out, bytes in.
// No sockets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class lock_protocol {
public:
  virtual ~lock_protocol() = default;

  /// The request that asks for the lock. Valid until the next call.
  virtual const std::string& take(const std::string& key) = 0;
  virtual const std::string& give(const std::string& key) = 0;

  /// Whether the answer is complete.
  virtual bool is_complete(std::string_view answer) const = 0;
  /// Whether the lock was taken, or given back.
  virtual bool is_good(std::string_view answer, bool gives) const = 0;
};

/// Makes a protocol by its name in bench_take_and_give; null for an unknown name.
/// @param lease etcd's lease, in decimal.
std::unique_ptr<lock_protocol> make_protocol(std::string_view name, const std::string& lease);

} // namespace bench
