# A folder of the project as a target that can include only what it may.
#
#   room(NAME FOLDER MAY_USE name… SOURCE…)
#
# makes the object library lockserver_NAME of the sources in FOLDER. A name after MAY_USE
# is a room or, with `::`, a library. The include path of a room has two kinds of folders
# of links: to its own headers, and to those of the rooms that it may use. Any other
# include does not compile. A room without sources has only headers.
function(room name folder)
  set(sources ${ARGN})
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  set(may_use ${ARGN})
  list(FILTER may_use EXCLUDE REGEX "\\.cpp$")
  list(REMOVE_ITEM may_use MAY_USE)
  set(used)
  foreach(x ${may_use})
    if(x MATCHES "::")
      list(APPEND used ${x})
    else()
      list(APPEND used lockserver_${x})
    endif()
  endforeach()

  set(root "${PROJECT_BINARY_DIR}/rooms/${name}")
  file(REMOVE_RECURSE "${root}")
  file(MAKE_DIRECTORY "${root}/${folder}")
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.hpp")
  foreach(header ${headers})
    get_filename_component(file "${header}" NAME)
    file(CREATE_LINK "${header}" "${root}/${folder}/${file}" SYMBOLIC)
  endforeach()

  if(NOT sources)
    add_library(lockserver_${name} INTERFACE)
    target_include_directories(lockserver_${name} INTERFACE "${root}")
    target_link_libraries(lockserver_${name} INTERFACE ${used})
    return()
  endif()
  list(TRANSFORM sources PREPEND "${PROJECT_SOURCE_DIR}/${folder}/")
  add_library(lockserver_${name} OBJECT ${sources})
  target_include_directories(lockserver_${name} PUBLIC "${root}")
  target_compile_features(lockserver_${name} PUBLIC cxx_std_20)
  target_compile_definitions(lockserver_${name} PRIVATE BOOST_ASIO_NO_DEPRECATED
    LOCKSERVER_VERSION="${PROJECT_VERSION}")
  target_link_libraries(lockserver_${name} PUBLIC ${used})
endfunction()
