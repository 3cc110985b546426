# Finds CAF. Debian's libcaf-dev ships no CMake files, so headers and libraries
# are looked up by name; CAF_ROOT points to an installation elsewhere.
# Defines the targets CAF::core and CAF::io.
find_path(CAF_INCLUDE_DIR caf/actor_system.hpp HINTS ${CAF_ROOT} PATH_SUFFIXES include)
find_library(CAF_CORE_LIBRARY caf_core HINTS ${CAF_ROOT} PATH_SUFFIXES lib)
find_library(CAF_IO_LIBRARY caf_io HINTS ${CAF_ROOT} PATH_SUFFIXES lib)
mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY CAF_IO_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_CORE_LIBRARY CAF_IO_LIBRARY CAF_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install the package libcaf-dev, or set CAF_ROOT")

if(CAF_FOUND AND NOT TARGET CAF::core)
  foreach(module core io)
    string(TOUPPER ${module} upper)
    add_library(CAF::${module} UNKNOWN IMPORTED)
    set_target_properties(CAF::${module} PROPERTIES
      IMPORTED_LOCATION "${CAF_${upper}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
  endforeach()
  set_property(TARGET CAF::io PROPERTY INTERFACE_LINK_LIBRARIES CAF::core)
endif()
