// The description of the HTTP interface, as the server sends it.
#pragma once

#include <string_view>

namespace lockserver {

/// The text of openapi.yaml. The build makes it, see cmake/EmbedFile.cmake.
extern const std::string_view openapi_document;

} // namespace lockserver
