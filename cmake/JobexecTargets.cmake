# One way to declare a library, a program and a test; the flags of our own code live here alone.
set(JOBEXEC_SANITIZE "" CACHE STRING "Sanitizers for everything that is built here, as for -fsanitize=")
option(JOBEXEC_PRECOMPILED_HEADERS "Parse what most files include once: faster from nothing" OFF)

if(JOBEXEC_SANITIZE)
  add_compile_options(-fsanitize=${JOBEXEC_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${JOBEXEC_SANITIZE})
  # Abseil's hash tables stay as the distribution's library, which has no sanitizer, has them.
  add_compile_definitions(NDEBUG_SANITIZER)
endif()

# ThreadSanitizer needs to be told what the distribution's Abseil and gRPC put in order.
if(JOBEXEC_SANITIZE STREQUAL "thread")
  # gcc warns of fences in Boost.Asio, which guard nothing of ours.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  file(STRINGS /usr/include/absl/base/options.h inline_namespace
       REGEX "#define ABSL_OPTION_INLINE_NAMESPACE_NAME")
  string(REGEX REPLACE ".* " "" inline_namespace "${inline_namespace}")
  string(LENGTH "${inline_namespace}" length)
  set(tests_support "${PROJECT_SOURCE_DIR}/tests/support")
  add_library(jobexec_tsan OBJECT "${tests_support}/tsan_abseil.cc" "${tests_support}/tsan_grpc.cc")
  target_include_directories(jobexec_tsan PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(jobexec_tsan PRIVATE JOBEXEC_ABSEIL="4absl${length}${inline_namespace}")
  # gRPC's headers alone: what does not use the library is not linked with it.
  target_include_directories(jobexec_tsan SYSTEM PRIVATE
                             $<TARGET_PROPERTY:gRPC::grpc++,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(jobexec_tsan PUBLIC absl::synchronization ${CMAKE_DL_LIBS})
  target_link_options(jobexec_tsan INTERFACE -rdynamic)
  set(JOBEXEC_TEST_EXTRA jobexec_tsan)
endif()

add_library(jobexec_flags INTERFACE)
target_include_directories(jobexec_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(jobexec_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Werror -fstack-protector-strong
  # Designated initialisers name what differs from the default; the rest is meant.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # gcc 12 sees these where they cannot be (inlined std::string, std::variant); clang does not.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow>
  $<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
target_compile_definitions(jobexec_flags INTERFACE _GLIBCXX_ASSERTIONS
                           JOBEXEC_VERSION="${PROJECT_VERSION}")
target_link_options(jobexec_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)

# What most files include. Once for libraries and once for tests, as all that share have to have the same
# flags; -pthread is what some of the libraries ask for.
if(JOBEXEC_PRECOMPILED_HEADERS)
  target_compile_options(jobexec_flags INTERFACE -pthread)
  file(CONFIGURE OUTPUT precompiled.cc CONTENT "")
  add_library(jobexec_headers OBJECT "${CMAKE_CURRENT_BINARY_DIR}/precompiled.cc")
  add_library(jobexec_test_headers OBJECT "${CMAKE_CURRENT_BINARY_DIR}/precompiled.cc")
  set(headers <algorithm> <functional> <map> <memory> <optional> <string> <utility> <vector>
              <nlohmann/json.hpp> <absl/status/statusor.h> <absl/strings/str_cat.h>
              <absl/synchronization/mutex.h> <absl/time/time.h>)
  target_precompile_headers(jobexec_headers PRIVATE ${headers})
  target_precompile_headers(jobexec_test_headers PRIVATE ${headers} <gmock/gmock.h> <gtest/gtest.h>)
  target_link_libraries(jobexec_headers PRIVATE jobexec_flags)
  target_link_libraries(jobexec_test_headers PRIVATE GTest::gmock jobexec_flags)
  # As programs are compiled.
  set_target_properties(jobexec_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(jobexec_test_headers PRIVATE -fPIE)
endif()

function(jobexec_reuse_headers target owner)
  if(JOBEXEC_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# jobexec_library(common_base SOURCES a.cc DEPS absl::status): static library jobexec_common_base with
# the alias jobexec::common_base. Without sources it is a header-only library.
function(jobexec_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(jobexec_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(jobexec_${name} PUBLIC ${ARG_DEPS} PRIVATE jobexec_flags)
    target_include_directories(jobexec_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    jobexec_reuse_headers(jobexec_${name} jobexec_headers)
  else()
    add_library(jobexec_${name} INTERFACE)
    target_link_libraries(jobexec_${name} INTERFACE ${ARG_DEPS})
    target_include_directories(jobexec_${name} INTERFACE "${PROJECT_SOURCE_DIR}")
  endif()
  add_library(jobexec::${name} ALIAS jobexec_${name})
endfunction()

# jobexec_program(jobexec-intake SOURCES main.cc DEPS jobexec::intake): an installed program.
function(jobexec_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} jobexec_flags)
  install(TARGETS ${name})
endfunction()

# jobexec_test(common_base_test LABEL unit SOURCES a_test.cc DEPS jobexec::common_base [TIMEOUT 60]
# [SERIAL] [FIXTURE cluster]): a GoogleTest program whose cases ctest lists one by one. Labels: unit (no I/O but
# loopback), stream (gRPC streams and threads, also run under TSan), integration (several parts of
# the product on loopback), cluster (a real Kubernetes). SERIAL: alone on the machine.
# FIXTURE: what ctest sets up before.
function(jobexec_test name)
  cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT;FIXTURE" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${JOBEXEC_TEST_EXTRA} GTest::gmock
                        GTest::gtest_main jobexec_flags)
  jobexec_reuse_headers(${name} jobexec_test_headers)
  set(properties LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  if(ARG_FIXTURE)
    list(APPEND properties FIXTURES_REQUIRED ${ARG_FIXTURE})
  endif()
  if(ARG_LABEL MATCHES "^(unit|stream)$")
    add_dependencies(jobexec-unit-tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()
include(GoogleTest)
# What the sanitizers run: the tests labelled unit and stream.
add_custom_target(jobexec-unit-tests)

# Judges what has a name of its own, libraries and programs, and with them what tests share. In the preset
# clang-tidy each of them is one file, whose headers are then read once. grep says how many there are and
# fails if there is none. The generated headers have to be there.
find_program(RUN_CLANG_TIDY_PROGRAM run-clang-tidy)
if(RUN_CLANG_TIDY_PROGRAM)
  set(judged "/CMakeFiles/jobexec.*/Unity/")
  add_custom_target(jobexec-clang-tidy
    COMMAND grep --count "\"file\": .*${judged}" "${PROJECT_BINARY_DIR}/compile_commands.json"
    COMMAND ${RUN_CLANG_TIDY_PROGRAM} -quiet -p "${PROJECT_BINARY_DIR}" "${judged}"
    USES_TERMINAL VERBATIM)
  add_dependencies(jobexec-clang-tidy jobexec_proto)
endif()
