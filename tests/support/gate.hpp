// Stops a server's I/O thread at a known place, so that a test can prepare what the
// thread finds when it continues.
#pragma once

#include "tests/support/running_server.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test {

/// A log that blocks the thread that reports a refused request, while the gate is closed.
class gate final : public spdlog::sinks::sink {
public:
  static std::shared_ptr<spdlog::logger> logger(const std::shared_ptr<gate>& x) {
    auto result = std::make_shared<spdlog::logger>("", x);
    result->set_level(spdlog::level::debug);
    return result;
  }

  /// Closes the gate, and makes a thread of `server` wait there. Returns when it does. A
  /// server with one thread is then blocked completely.
  void close(const running_server& server) {
    std::unique_lock guard{mutex_};
    closed_ = true;
    bait_ = server.connect();
    bait_.send("GET /no/such/path\n\n");
    if (!changed_.wait_for(guard, patience, [this] { return inside_ > 0; }))
      throw std::runtime_error{"no thread has come to the gate"};
  }

  void open() {
    {
      std::lock_guard guard{mutex_};
      closed_ = false;
      changed_.notify_all();
    }
    bait_.close();
  }

  void log(const spdlog::details::log_msg& message) override {
    if (!std::string_view{message.payload.data(), message.payload.size()}.starts_with("bad"))
      return;
    std::unique_lock guard{mutex_};
    ++inside_;
    changed_.notify_all();
    changed_.wait(guard, [this] { return !closed_; });
    --inside_;
  }
  void flush() override {
  }
  void set_pattern(const std::string&) override {
  }
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int inside_ = 0;
  raw_client bait_;
};

} // namespace test
