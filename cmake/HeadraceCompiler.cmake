# Warnings, ccache and the sanitizer switch: what every target of ours is compiled with.

add_library(headrace_options INTERFACE)
target_compile_options(headrace_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wimplicit-fallthrough -Wextra-semi -Wundef
  -Wno-missing-field-initializers)  # what a designated initializer leaves out has its default
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(headrace_options INTERFACE -Wduplicated-cond -Wlogical-op -Wsuggest-override)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(headrace_options INTERFACE -Wno-restrict)  # false on string + at -O2: GCC bug 105651
  endif()
endif()

# Workers of a debug engine take every unit through its serialised form, so that a unit that only works by pointer
# fails in the first test.
target_compile_definitions(headrace_options INTERFACE
  $<$<BOOL:${HEADRACE_ROUND_TRIP_UNITS}>:HEADRACE_ROUND_TRIP_UNITS=1>)

set(HEADRACE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
if(HEADRACE_SANITIZE)
  add_compile_options(-fsanitize=${HEADRACE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HEADRACE_SANITIZE})
  # g++ 12 takes std::function's own members for uninitialised once they are instrumented (GCC bug 105562).
  target_compile_options(headrace_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(HEADRACE_SANITIZE STREQUAL "thread")
    # TSan does not see fences: ColumnBuffer has one, for batches whose last owner is another thread, which no engine has
    # yet.
    target_compile_options(headrace_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
