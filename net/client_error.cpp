#include "lockserver/client_error.hpp"

namespace lockserver {

namespace {

class client_category_type : public std::error_category {
public:
  const char* name() const noexcept override {
    return "lockserver.rest_client";
  }

  std::string message(int value) const override {
    switch (static_cast<client_errc>(value)) {
      case client_errc::bad_request:
        return "the server refused the request";
      case client_errc::unavailable:
        return "the server is starting, stopping or overloaded";
      case client_errc::bad_answer:
        return "not the answer of a lock server";
      case client_errc::timeout:
        return "no answer in time";
      case client_errc::connection_lost:
        return "the connection was lost before the answer";
      case client_errc::held:
        return "somebody else holds the lock";
      case client_errc::wait_timeout:
        return "somebody else held the lock for too long";
      case client_errc::already_held:
        return "this owner holds the lock already";
      case client_errc::already_waiting:
        return "this owner waits for the lock already";
      case client_errc::limit_mismatch:
        return "the key is a semaphore of another size";
      case client_errc::not_holder:
        return "this owner does not hold the lock";
      case client_errc::wrong_owner:
        return "the lease belongs to another owner";
      case client_errc::lease_expired:
        return "the lease has ended";
      case client_errc::too_many:
        return "a limit of the server is reached";
      case client_errc::stopping:
        return "the server is stopping";
      case client_errc::store_failed:
        return "the server cannot store it, and has changed nothing";
      case client_errc::server_error:
        return "the server has failed";
      case client_errc::cancelled:
        return "the operation was called off";
      case client_errc::expired:
        return "the lock was not renewed in time";
    }
    return "unknown error";
  }

  // So that callers can ask for std::errc::timed_out without knowing us.
  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<client_errc>(value)) {
      case client_errc::bad_request:
        return std::errc::invalid_argument;
      case client_errc::unavailable:
      case client_errc::too_many:
      case client_errc::stopping:
      case client_errc::store_failed:
        return std::errc::resource_unavailable_try_again;
      case client_errc::bad_answer:
        return std::errc::bad_message;
      case client_errc::timeout:
        return std::errc::timed_out;
      case client_errc::connection_lost:
        return std::errc::connection_reset;
      case client_errc::held:
      case client_errc::wait_timeout:
        return std::errc::device_or_resource_busy;
      case client_errc::already_held:
      case client_errc::already_waiting:
        return std::errc::resource_deadlock_would_occur;
      case client_errc::not_holder:
      case client_errc::wrong_owner:
        return std::errc::operation_not_permitted;
      case client_errc::cancelled:
        return std::errc::operation_canceled;
      case client_errc::limit_mismatch:
      case client_errc::lease_expired:
      case client_errc::server_error:
      case client_errc::expired:
        break;
    }
    return {value, *this};
  }
};

} // namespace

const std::error_category& client_category() noexcept {
  static const client_category_type instance;
  return instance;
}

} // namespace lockserver
