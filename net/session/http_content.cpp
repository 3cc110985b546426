#include "net/session/http_content.hpp"

#include <boost/beast/http/status.hpp>

#include <ostream>

namespace lockserver {

std::string_view reason_phrase(int status) {
  if (status == 423)
    return "Locked";
  auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}

} // namespace lockserver
