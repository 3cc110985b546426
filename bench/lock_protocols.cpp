#include "bench/lock_protocols.hpp"

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace bench {

namespace {

class http_protocol : public lock_protocol {
public:
  bool is_complete(std::string_view answer) const override {
    auto head = answer.find("\r\n\r\n");
    if (head == std::string_view::npos)
      return false;
    static constexpr std::string_view name = "Content-Length: ";
    auto length = answer.find(name);
    if (length == std::string_view::npos || length > head)
      return false;
    auto size = std::strtoul(answer.data() + length + name.size(), nullptr, 10);
    return answer.size() >= head + 4 + size;
  }

  bool is_good(std::string_view answer, bool) const override {
    return answer.starts_with("HTTP/1.1 200");
  }

protected:
  static std::string_view body(std::string_view answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  const std::string& request(std::string_view method, const std::string& target) {
    request_.assign(method).append(" ").append(target);
    request_.append(" HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return request_;
  }

  const std::string& post(const std::string& target, const std::string& body) {
    request_.assign("POST ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
    request_.append("Content-Type: application/json\r\nContent-Length: ");
    request_.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return request_;
  }

private:
  std::string request_;
};

class lines final : public http_protocol {
public:
  const std::string& take(const std::string& key) override {
    return request("GET", "/LOCK/" + key + "/bench?lock_timeout=30");
  }
  const std::string& give(const std::string& key) override {
    return request("GET", "/UNLOCK/" + key + "/bench");
  }
  bool is_good(std::string_view answer, bool gives) const override {
    return http_protocol::is_good(answer, gives) && body(answer) != "0\n";
  }
};

class json final : public http_protocol {
public:
  const std::string& take(const std::string& key) override {
    return post("/v1/locks/" + key, R"({"owner":"bench","ttl_ms":30000,"wait_ms":0})");
  }
  const std::string& give(const std::string& key) override {
    return request("DELETE", "/v1/locks/" + key + "?owner=bench");
  }
};

class etcd final : public http_protocol {
public:
  explicit etcd(const std::string& lease)
    : lease_(lease), lease_hex_(hex(std::strtoull(lease.c_str(), nullptr, 10))) {
  }
  const std::string& take(const std::string& key) override {
    return post("/v3/lock/lock",
                R"({"name":")" + base64(key) + R"(","lease":")" + lease_ + R"("})");
  }
  // etcd's answer to `take` contains this key, made of the lock's name and the lease.
  const std::string& give(const std::string& key) override {
    return post("/v3/lock/unlock", R"({"key":")" + base64(key + "/" + lease_hex_) + R"("})");
  }
  bool is_good(std::string_view answer, bool gives) const override {
    return http_protocol::is_good(answer, gives)
           && (gives || body(answer).find("\"key\":") != std::string_view::npos);
  }

private:
  static std::string hex(std::uint64_t x) {
    std::string result;
    for (; x != 0; x /= 16)
      result.insert(result.begin(), "0123456789abcdef"[x % 16]);
    return result;
  }

  static std::string base64(const std::string& x) {
    static constexpr auto digits
      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t i = 0; i < x.size(); i += 3) {
      std::uint32_t bits = 0;
      for (std::size_t j = i; j < i + 3; ++j)
        bits = bits << 8 | (j < x.size() ? static_cast<unsigned char>(x[j]) : 0);
      for (std::size_t j = 0; j < 4; ++j)
        result += i + j > x.size() ? '=' : digits[bits >> (18 - 6 * j) & 63];
    }
    return result;
  }

  std::string lease_;
  std::string lease_hex_;
};

class redis final : public lock_protocol {
public:
  const std::string& take(const std::string& key) override {
    return command({"SET", key, "bench", "NX", "PX", "30000"});
  }
  const std::string& give(const std::string& key) override {
    static const std::string script = "if redis.call('get',KEYS[1]) == ARGV[1] then "
                                      "return redis.call('del',KEYS[1]) else return 0 end";
    return command({"EVAL", script, "1", key, "bench"});
  }
  bool is_complete(std::string_view answer) const override {
    return answer.ends_with("\r\n");
  }
  bool is_good(std::string_view answer, bool gives) const override {
    return answer == (gives ? ":1\r\n" : "+OK\r\n");
  }

private:
  const std::string& command(std::initializer_list<std::string_view> words) {
    request_ = "*" + std::to_string(words.size()) + "\r\n";
    for (auto word : words) {
      request_ += "$" + std::to_string(word.size()) + "\r\n";
      request_.append(word).append("\r\n");
    }
    return request_;
  }

  std::string request_;
};

} // namespace

std::unique_ptr<lock_protocol> make_protocol(std::string_view name, const std::string& lease) {
  if (name == "lines")
    return std::make_unique<lines>();
  if (name == "json")
    return std::make_unique<json>();
  if (name == "redis")
    return std::make_unique<redis>();
  if (name == "etcd")
    return std::make_unique<etcd>(lease);
  return nullptr;
}

} // namespace bench
