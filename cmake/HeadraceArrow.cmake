# Arrow C++: the system's package if it is new enough, else the pyarrow wheel that requirements.txt pins.
#
# Gives the targets of Arrow's own packages, whichever way they were found: Arrow::arrow_shared,
# Parquet::parquet_shared, ArrowCompute::arrow_compute_shared. HEADRACE_ARROW_FROM_WHEEL says which it was, and
# HEADRACE_ARROW_LIBRARIES lists the files that an installation has to carry along (empty for the system's Arrow).

set(HEADRACE_VENV "${PROJECT_SOURCE_DIR}/build/venv" CACHE PATH
    "Private Python environment with the pinned pyarrow wheel; made when it is not there")
option(HEADRACE_SYSTEM_ARROW "Use the system's Arrow if it is new enough" ON)

# The oldest Arrow whose headers have all that is used: decimal32 and decimal64 (18), size statistics that can be turned
# off (20), arrow/json/from_string.h and arrow_compute as a library of its own (21), Parquet's FileReader::ReadTable() with
# a Result (24, in the tests).
set(HEADRACE_OLDEST_ARROW 24)

set(HEADRACE_ARROW_FROM_WHEEL ON)
set(HEADRACE_ARROW_LIBRARIES "")
if(HEADRACE_SYSTEM_ARROW)
  find_package(Arrow QUIET CONFIG)
  if(Arrow_FOUND AND Arrow_VERSION VERSION_GREATER_EQUAL HEADRACE_OLDEST_ARROW)
    find_package(Parquet REQUIRED CONFIG)
    find_package(ArrowCompute REQUIRED CONFIG)
    set(HEADRACE_ARROW_FROM_WHEEL OFF)
    message(STATUS "Arrow ${Arrow_VERSION} of the system")
  endif()
endif()

# The wheel's libraries carry only versioned names (libarrow.so.2600), so each is imported by its full path.
function(headrace_import_wheel_library TARGET LIBRARY)
  file(GLOB found "${HEADRACE_PYARROW}/${LIBRARY}.so.*[0-9]")
  list(LENGTH found count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "expected one ${LIBRARY}.so.* in ${HEADRACE_PYARROW}, found: ${found}")
  endif()
  add_library(${TARGET} SHARED IMPORTED GLOBAL)
  set_target_properties(${TARGET} PROPERTIES
    IMPORTED_LOCATION "${found}"
    INTERFACE_INCLUDE_DIRECTORIES "${HEADRACE_PYARROW}/include")
  list(APPEND HEADRACE_ARROW_LIBRARIES "${found}")
  set(HEADRACE_ARROW_LIBRARIES "${HEADRACE_ARROW_LIBRARIES}" PARENT_SCOPE)
endfunction()

if(HEADRACE_ARROW_FROM_WHEEL)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               "${PROJECT_SOURCE_DIR}/requirements.txt")
  execute_process(
    COMMAND "${PROJECT_SOURCE_DIR}/scripts/install_python.sh" "${HEADRACE_VENV}"
            "${PROJECT_SOURCE_DIR}/requirements.txt"
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the Python environment ${HEADRACE_VENV} could not be made; see above")
  endif()
  file(GLOB HEADRACE_PYARROW "${HEADRACE_VENV}/lib/python3*/site-packages/pyarrow")
  headrace_import_wheel_library(Arrow::arrow_shared libarrow)
  headrace_import_wheel_library(Parquet::parquet_shared libparquet)
  headrace_import_wheel_library(ArrowCompute::arrow_compute_shared libarrow_compute)
  target_link_libraries(Parquet::parquet_shared INTERFACE Arrow::arrow_shared)
  target_link_libraries(ArrowCompute::arrow_compute_shared INTERFACE Arrow::arrow_shared)
  message(STATUS "Arrow of the wheel: ${HEADRACE_PYARROW}")
endif()
