# Finds CAF 0.17.6 as Debian packages it. Its libcaf-dev has no CMake files, so headers
# and libraries are found by name. Used if there is no CAF with a CMake package (CAF 1.1).
# Defines the targets CAF::core and CAF::io.
find_path(CAF_INCLUDE_DIR caf/actor_system.hpp HINTS ${CAF_ROOT} PATH_SUFFIXES include)
foreach(module core io)
  string(TOUPPER ${module} upper)
  find_library(CAF_${upper}_LIBRARY caf_${module} HINTS ${CAF_ROOT} PATH_SUFFIXES lib)
endforeach()
mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY CAF_IO_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_CORE_LIBRARY CAF_IO_LIBRARY CAF_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install the package libcaf-dev, or name the folder of a CAF 1.1 in CMAKE_PREFIX_PATH")

if(CAF_FOUND AND NOT TARGET CAF::core)
  foreach(module core io)
    string(TOUPPER ${module} upper)
    if(CAF_${upper}_LIBRARY)
      add_library(CAF::${module} UNKNOWN IMPORTED)
      set_target_properties(CAF::${module} PROPERTIES
        IMPORTED_LOCATION "${CAF_${upper}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    endif()
  endforeach()
  set_property(TARGET CAF::io PROPERTY INTERFACE_LINK_LIBRARIES CAF::core)
endif()
