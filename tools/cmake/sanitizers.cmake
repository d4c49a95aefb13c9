# POLKU_SANITIZER = address (with undefined behaviour) or thread; the presets asan and tsan set it.
set(POLKU_SANITIZER "" CACHE STRING "address, thread or empty")

add_library(polku_sanitizer INTERFACE)
set(POLKU_TEST_ENVIRONMENT)
set(POLKU_TEST_TIMEOUT_FACTOR 1)
if(POLKU_SANITIZER STREQUAL "address")
  # Without optimisation: compiled in half the time.
  set(POLKU_SANITIZER_FLAGS
      -O0 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  set(POLKU_TEST_ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1" "ASAN_OPTIONS=detect_stack_use_after_return=1")
elseif(POLKU_SANITIZER STREQUAL "thread")
  set(POLKU_SANITIZER_FLAGS -g1 -fsanitize=thread -fno-omit-frame-pointer)
  set(suppressions "${CMAKE_CURRENT_LIST_DIR}/tsan_suppressions.txt")
  # Debian's libraries are not instrumented: what they copy and compare must not be looked at.
  set(POLKU_TEST_ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${suppressions}")
elseif(POLKU_SANITIZER)
  message(FATAL_ERROR "POLKU_SANITIZER is '${POLKU_SANITIZER}': must be address, thread or empty")
endif()
if(POLKU_SANITIZER)
  set(POLKU_TEST_TIMEOUT_FACTOR 10)
  add_link_options(${POLKU_SANITIZER_FLAGS})
endif()

# Once polku_flags exists. Generated code is not instrumented: it is large, and nobody here writes it.
function(polku_finish_sanitizers)
  if(NOT POLKU_SANITIZER)
    return()
  endif()
  # GCC's warnings are not reliable in instrumented code.
  target_compile_options(polku_flags INTERFACE ${POLKU_SANITIZER_FLAGS} -Wno-error)
  if(POLKU_SANITIZER STREQUAL "thread")
    add_library(polku_tsan_abseil OBJECT "${PROJECT_SOURCE_DIR}/tools/cmake/tsan_abseil.cc")
    target_link_libraries(polku_tsan_abseil PRIVATE polku_flags absl::synchronization)
    # The objects themselves: a library of objects that is linked through another one leaves them behind.
    target_link_libraries(polku_sanitizer INTERFACE $<TARGET_OBJECTS:polku_tsan_abseil> ${CMAKE_DL_LIBS})
  endif()
endfunction()
