# How tests are registered with ctest.

include(GoogleTest)

set(HEADRACE_POSTGRES_VERSIONS "12;15;17" CACHE STRING
    "Major versions of the PostgreSQL servers that the tests run against")

set(HEADRACE_TEST_PATIENCE 1 CACHE STRING
    "How many times as long as usual a test may take before it counts as one that hangs")

set(HEADRACE_SERVERS_DIR "${PROJECT_BINARY_DIR}/servers")  # URI and state files of running test servers

math(EXPR headrace_case_timeout "300 * ${HEADRACE_TEST_PATIENCE}")
math(EXPR headrace_suite_timeout "900 * ${HEADRACE_TEST_PATIENCE}")

# GoogleTest's macros hide an `if` and a parameter named info: what these two warn of lies in the macros. A library and
# not options of each test, because those would stand before -Wshadow.
add_library(headrace_test_options INTERFACE)
target_compile_options(headrace_test_options INTERFACE -Wno-shadow -Wno-dangling-else)

# An executable of GoogleTest cases: each case is a test of ctest.
#   headrace_test(NAME [POSTGRES] [STAND_INS] SOURCES file… LIBS library…)
# POSTGRES: cases whose suite is named Postgres… run once against each version of HEADRACE_POSTGRES_VERSIONS. The
# environment variable HEADRACE_TEST_POSTGRES names a file that holds the URI of a running server.
# STAND_INS: cases whose suite is named StandIn… run while the stand-ins of BigQuery and GCS do, whose URIs are in files of
# the folder that HEADRACE_TEST_STAND_INS names.
# All of them carry NAME as their label, so that some executables can be built and run without the others.
function(headrace_test NAME)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "POSTGRES;STAND_INS" "" "SOURCES;LIBS")
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE headrace_options headrace_test_options ${ARG_LIBS}
    GTest::gmock_main GTest::gmock GTest::gtest rapidcheck)
  # For cases that are files beside the tests, read from where they are.
  target_compile_definitions(${NAME} PRIVATE "HEADRACE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  set(with_servers "")
  if(ARG_POSTGRES)
    string(APPEND with_servers ":Postgres*")
  endif()
  if(ARG_STAND_INS)
    string(APPEND with_servers ":StandIn*")
    gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      TEST_FILTER "StandIn*" TEST_LIST ${NAME}_stand_ins
      PROPERTIES TIMEOUT ${headrace_case_timeout} LABELS ${NAME} FIXTURES_REQUIRED stand_ins
                 ENVIRONMENT "HEADRACE_TEST_STAND_INS=${HEADRACE_SERVERS_DIR}")
  endif()
  string(REGEX REPLACE "^:" "-" without_servers "${with_servers}")
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    TEST_FILTER "${without_servers}" PROPERTIES TIMEOUT ${headrace_case_timeout} LABELS ${NAME})
  if(NOT ARG_POSTGRES)
    return()
  endif()
  foreach(version IN LISTS HEADRACE_POSTGRES_VERSIONS)
    gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      TEST_FILTER "Postgres*" TEST_SUFFIX ".postgres${version}" TEST_LIST ${NAME}_postgres${version}
      PROPERTIES TIMEOUT ${headrace_case_timeout} LABELS ${NAME} FIXTURES_REQUIRED postgres${version}
                 ENVIRONMENT "HEADRACE_TEST_POSTGRES=${HEADRACE_SERVERS_DIR}/postgres${version}.uri")
  endforeach()
endfunction()

# Every tests/<FOLDER>/test_*.py is one test of ctest, run by pytest against the program of this build. Where
# all its tests were skipped ctest says so too: 77 is of tests/conftest.py.
function(headrace_pytest FOLDER)
  file(GLOB suites CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${FOLDER}/test_*.py")
  foreach(suite IN LISTS suites)
    get_filename_component(name "${suite}" NAME_WE)
    string(REGEX REPLACE "^test_" "" name "${name}")
    add_test(NAME ${FOLDER}.${name}
      COMMAND "${HEADRACE_VENV}/bin/python" -m pytest -q -p no:cacheprovider "${suite}")
    string(REPLACE ";" "," versions "${HEADRACE_POSTGRES_VERSIONS}")
    set_tests_properties(${FOLDER}.${name} PROPERTIES TIMEOUT ${headrace_suite_timeout} SKIP_RETURN_CODE 77
      ENVIRONMENT "HEADRACE_BIN=$<TARGET_FILE:headrace>;HEADRACE_POSTGRES_VERSIONS=${versions};HEADRACE_TEST_PATIENCE=${HEADRACE_TEST_PATIENCE};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()

# A throw-away server as a ctest fixture: started before the first test that needs it, ended after the last one.
function(headrace_postgres_fixture VERSION)
  set(name postgres${VERSION})
  set(state "${HEADRACE_SERVERS_DIR}/${name}.json")
  set(command "${HEADRACE_VENV}/bin/python" "${PROJECT_SOURCE_DIR}/tests/servers/postgres.py")
  add_test(NAME ${name}_start COMMAND ${command} start --version ${VERSION} --state "${state}"
           --uri-file "${HEADRACE_SERVERS_DIR}/${name}.uri")
  add_test(NAME ${name}_stop COMMAND ${command} stop --state "${state}")
  set_tests_properties(${name}_start PROPERTIES FIXTURES_SETUP ${name} TIMEOUT 300)
  set_tests_properties(${name}_stop PROPERTIES FIXTURES_CLEANUP ${name} TIMEOUT 120)
endfunction()

# The stand-ins of GCS and of BigQuery, which reads from the first, as one fixture.
function(headrace_stand_in_fixture)
  foreach(name gcs bigquery)
    set(command "${HEADRACE_VENV}/bin/python" "${PROJECT_SOURCE_DIR}/tests/servers/${name}.py")
    set(state "${HEADRACE_SERVERS_DIR}/${name}.json")
    set(options "")
    if(name STREQUAL bigquery)
      set(options --storage "@${HEADRACE_SERVERS_DIR}/gcs.uri")
    endif()
    add_test(NAME ${name}_start COMMAND ${command} start ${options} --state "${state}"
             --uri-file "${HEADRACE_SERVERS_DIR}/${name}.uri")
    add_test(NAME ${name}_stop COMMAND ${command} stop --state "${state}")
    set_tests_properties(${name}_start PROPERTIES FIXTURES_SETUP stand_ins TIMEOUT 300)
    set_tests_properties(${name}_stop PROPERTIES FIXTURES_CLEANUP stand_ins TIMEOUT 120)
  endforeach()
  set_tests_properties(bigquery_start PROPERTIES DEPENDS gcs_start)
endfunction()
