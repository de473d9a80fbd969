# A component is one folder of src/headrace: a static library, and beside it the executable of its *_test.cc files.
#
#   headrace_component(NAME FOLDER [DEPS component…] [LIBS library…] [TEST_LIBS library…] [TEST_POSTGRES]
#                      [TEST_STAND_INS])
#
# A component sees its own headers and those of what it depends on, directly or not, and no others: each has an include
# directory of its own in the build tree that holds links to the headers of its one folder (not of sub-folders, which
# are other components). An include against the rule of src/headrace/CMakeLists.txt is therefore "no such file".

# Fills `<build>/include/<name>/headrace/<folder>/` with one link per header of the folder.
function(headrace_link_headers NAME FOLDER OUT_INCLUDE_DIR)
  set(include_dir "${PROJECT_BINARY_DIR}/include/${NAME}")
  set(link_dir "${include_dir}/headrace/${FOLDER}")
  file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${FOLDER}/*.h")
  file(GLOB stale "${link_dir}/*.h")
  foreach(link IN LISTS stale)
    get_filename_component(file "${link}" NAME)
    if(NOT "${CMAKE_CURRENT_SOURCE_DIR}/${FOLDER}/${file}" IN_LIST headers)
      file(REMOVE "${link}")
    endif()
  endforeach()
  file(MAKE_DIRECTORY "${link_dir}")
  foreach(header IN LISTS headers)
    get_filename_component(file "${header}" NAME)
    if(NOT IS_SYMLINK "${link_dir}/${file}")
      file(CREATE_LINK "${header}" "${link_dir}/${file}" SYMBOLIC)
    endif()
  endforeach()
  set(${OUT_INCLUDE_DIR} "${include_dir}" PARENT_SCOPE)
endfunction()

function(headrace_component NAME FOLDER)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "TEST_POSTGRES;TEST_STAND_INS" "" "DEPS;LIBS;TEST_LIBS")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${FOLDER}/*.cc")
  set(tests "${sources}")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  headrace_link_headers(${NAME} ${FOLDER} include_dir)
  set(target headrace_${NAME})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE headrace_options)
  else()  # headers only
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${include_dir}")
  list(TRANSFORM ARG_DEPS PREPEND headrace_ OUTPUT_VARIABLE dependencies)
  target_link_libraries(${target} ${scope} ${dependencies} ${ARG_LIBS})

  if(HEADRACE_BUILD_TESTS AND tests)
    if(ARG_TEST_POSTGRES)
      set(postgres POSTGRES)
    endif()
    if(ARG_TEST_STAND_INS)
      set(stand_ins STAND_INS)
    endif()
    headrace_test(${target}_test ${postgres} ${stand_ins} SOURCES ${tests} LIBS ${target} ${ARG_TEST_LIBS})
  endif()
endfunction()
