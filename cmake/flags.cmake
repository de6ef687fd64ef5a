# How all of csrc is compiled. The floating-point flags are part of the numerics contract: a fused multiply-add is written,
# never inferred, and nothing may reorder a sum. Only what cannot change a result (errno, traps) is let go.
# No -march=native: a wheel must run on the CPU it meets. No -ffast-math: it would also change the whole process.

string(REPLACE "-O2" "-O3" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
add_library(deepseek_flags INTERFACE)
target_compile_features(deepseek_flags INTERFACE cxx_std_20)
target_include_directories(deepseek_flags INTERFACE "${PROJECT_SOURCE_DIR}/csrc")
target_compile_options(
  deepseek_flags
  INTERFACE -ffp-contract=off
            -fno-math-errno
            -fno-trapping-math
            -fvisibility=hidden
            -fvisibility-inlines-hidden
            -Wall
            -Wextra
            -Wno-unknown-pragmas
            -Wno-missing-field-initializers) # designated initialisers leave the others at their defaults
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC notes that the layout of vector arguments changed in 2009.
  target_compile_options(deepseek_flags INTERFACE -Wno-psabi)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # Not by "rep movs" and "rep stos", which take longer to start than the loss of a small batch takes: by vectors, and
    # what is large by the library.
    target_compile_options(
      deepseek_flags INTERFACE -mmemcpy-strategy=vector_loop:512:noalign,libcall:-1:noalign
                               -mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign)
  endif()
endif()
if(DEEPSEEK_WERROR)
  target_compile_options(deepseek_flags INTERFACE -Werror)
endif()
if(DEEPSEEK_ASSERT)
  target_compile_options(deepseek_flags INTERFACE -UNDEBUG)
endif()

# Sanitizers. In kernels without the checks of the stack, where vectors live in registers and checking them multiplies the
# compile time.
add_library(deepseek_sanitize INTERFACE)
add_library(deepseek_sanitize_kernels INTERFACE)
if(DEEPSEEK_SANITIZE)
  set(sanitize -fsanitize=${DEEPSEEK_SANITIZE} -fno-omit-frame-pointer)
  if(DEEPSEEK_SANITIZE MATCHES "undefined")
    list(APPEND sanitize -fno-sanitize-recover=undefined)
  endif()
  target_compile_options(deepseek_sanitize INTERFACE ${sanitize})
  target_link_options(deepseek_sanitize INTERFACE ${sanitize})
  if(DEEPSEEK_SANITIZE MATCHES "address")
    list(APPEND sanitize -fno-sanitize-address-use-after-scope)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      list(APPEND sanitize --param=asan-stack=0)
    endif()
  endif()
  target_compile_options(deepseek_sanitize_kernels INTERFACE ${sanitize})
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
find_package(Threads REQUIRED)
target_link_libraries(deepseek_flags INTERFACE Threads::Threads)
