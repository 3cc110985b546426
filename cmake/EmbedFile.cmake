# Embeds a file in a program, with CMake alone: xxd and the like are not installed
# everywhere.
#
#   embed_file(TARGET INPUT HEADER SYMBOL)
#
# adds a source file to TARGET that defines `const std::string_view SYMBOL` with the bytes
# of INPUT. It is made again when INPUT changes. HEADER declares SYMBOL, which is written
# with its namespace: lockserver::text.

# The build runs this file as a script.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  string(REGEX REPLACE "::[^:]*$" "" space "${SYMBOL}")
  string(REGEX REPLACE "^.*::" "" name "${SYMBOL}")
  file(READ "${INPUT}" bytes HEX)
  # Single characters, because compilers limit the length of a string literal.
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  # '\x00', is 7 characters; 13 of them fit into a line. CMake's regular expressions cannot count.
  string(REPEAT "......." 13 line)
  string(REGEX REPLACE "(${line})" "\\1\n  " bytes "${bytes}")
  file(WRITE "${OUTPUT}" "// Made of ${INPUT} by EmbedFile.cmake.
#include \"${HEADER}\"

namespace ${space} {

namespace {

// The zero at the end lets the file be empty.
constexpr char bytes[] = {
  ${bytes}'\\0'};

} // namespace

constinit const std::string_view ${name}{bytes, sizeof bytes - 1};

} // namespace ${space}
")
  return()
endif()

set(embed_file_script "${CMAKE_CURRENT_LIST_FILE}")

function(embed_file target input header symbol)
  get_filename_component(input "${input}" ABSOLUTE)
  get_filename_component(name "${header}" NAME_WE)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp")
  file(RELATIVE_PATH shown "${PROJECT_SOURCE_DIR}" "${input}")
  add_custom_command(OUTPUT "${output}"
    # A relative name, so that the source contains no path of this machine.
    COMMAND ${CMAKE_COMMAND} "-DINPUT=${shown}" "-DOUTPUT=${output}" "-DHEADER=${header}"
      "-DSYMBOL=${symbol}" -P "${embed_file_script}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    DEPENDS "${input}" "${embed_file_script}"
    COMMENT "Embedding ${shown}"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
  # It includes almost nothing.
  set_source_files_properties("${output}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
