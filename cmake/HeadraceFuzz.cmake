# libFuzzer targets. They need clang and another ABI of the sanitizers than the tests have, so they are built in a build
# of their own (the preset "fuzz"), which the build of the tests drives, and run as tests of ctest.

option(HEADRACE_RUN_FUZZ "Build the fuzz targets beside the tests and run each for HEADRACE_FUZZ_SECONDS" OFF)
set(HEADRACE_FUZZ_SECONDS 20 CACHE STRING "How long `ctest` runs each fuzz target")

# tests/fuzz/<name>_fuzz.cc, seeds in tests/fuzz/corpus/<name>/.
file(GLOB HEADRACE_FUZZ_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.cc")

# In the fuzz build: one executable per source.
#   headrace_fuzzers(LIBS library…)
function(headrace_fuzzers)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "" "LIBS")
  add_custom_target(headrace_fuzzers)
  foreach(source IN LISTS HEADRACE_FUZZ_SOURCES)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(${name} "${source}")
    target_link_libraries(${name} PRIVATE headrace_options ${ARG_LIBS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    add_dependencies(headrace_fuzzers ${name})
  endforeach()
endfunction()

# In the build of the tests: drives that build and registers its executables.
function(headrace_fuzz_tests)
  find_program(HEADRACE_CLANGXX clang++)
  if(NOT HEADRACE_CLANGXX)
    message(FATAL_ERROR "the fuzz targets need clang++; `make deps` installs it")
  endif()
  set(build "${PROJECT_BINARY_DIR}/fuzz")
  add_custom_target(headrace_fuzz_build ALL
    COMMAND "${CMAKE_COMMAND}" --preset fuzz -B "${build}"
            "-DHEADRACE_VENV=${HEADRACE_VENV}"
    COMMAND "${CMAKE_COMMAND}" --build "${build}" --target headrace_fuzzers
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" USES_TERMINAL VERBATIM
    COMMENT "Building the fuzz targets with clang")
  foreach(source IN LISTS HEADRACE_FUZZ_SOURCES)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject "${name}")
    set(work "${build}/work/${subject}")
    file(MAKE_DIRECTORY "${work}")
    file(GLOB seeds "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${subject}")
    math(EXPR timeout "${HEADRACE_FUZZ_SECONDS} + 120")
    add_test(NAME fuzz.${subject}
      COMMAND "${build}/bin/${name}" -max_total_time=${HEADRACE_FUZZ_SECONDS} -timeout=20
              -rss_limit_mb=2048 -print_final_stats=1 "-artifact_prefix=${build}/" "${work}" ${seeds})
    set_tests_properties(fuzz.${subject} PROPERTIES TIMEOUT ${timeout}
      ENVIRONMENT "ARROW_DEFAULT_MEMORY_POOL=system")
  endforeach()
endfunction()
