# The instruction sets: csrc/kernels/kernels.cpp compiled once for each, as an object library of its own. Nothing else is
# ever compiled with these flags, so nothing else can need a newer CPU. The choice among them is made at run time.

# The first two are there to be right, not fast: -Os halves their compile time and size, and the wheel has to be small.
set(DEEPSEEK_FLAGS_scalar -mfma -Os)  # vectors of one lane: the reference, with hardware fused multiply-add
set(DEEPSEEK_FLAGS_baseline -Os)      # x86-64 as of 2003 (SSE2)
set(DEEPSEEK_FLAGS_avx2 -mavx2 -mfma -mbmi2)
set(DEEPSEEK_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mbmi2)
set(DEEPSEEK_FLAGS_neon "")  # every arm64 has it
set(DEEPSEEK_FLAGS_cuda -mfma)  # the emulator of tests/cuda, in builds for tests

if(CMAKE_OSX_ARCHITECTURES)
  set(arch "${CMAKE_OSX_ARCHITECTURES}")
else()
  set(arch "${CMAKE_SYSTEM_PROCESSOR}")
endif()

if(arch MATCHES "^(x86_64|AMD64|amd64)$")
  set(all_isas scalar baseline avx2 avx512)
elseif(arch MATCHES "^(aarch64|arm64)$")
  set(DEEPSEEK_FLAGS_scalar -Os)
  set(DEEPSEEK_FLAGS_cuda "")
  set(all_isas scalar neon)
else()
  message(FATAL_ERROR "deepseek has kernels for x86-64 and arm64, not for '${arch}'")
endif()
if(NOT DEEPSEEK_ISAS)
  set(DEEPSEEK_ISAS ${all_isas})
endif()

# Makes `target` of `source` compiled for one instruction set; TYPE is OBJECT or EXECUTABLE.
function(deepseek_for_isa target type isa source)
  string(TOUPPER ${isa} upper)
  if(type STREQUAL "OBJECT")
    add_library(${target} OBJECT ${source})
  else()
    add_executable(${target} ${source})
  endif()
  target_link_libraries(${target} PRIVATE deepseek_flags)
  target_compile_definitions(${target} PRIVATE DS_ISA=${isa} DS_ISA_${upper}=1)
  set(flags ${DEEPSEEK_FLAGS_${isa}})
  if(DEEPSEEK_SANITIZE)
    target_link_libraries(${target} PRIVATE deepseek_sanitize_kernels)
    list(REMOVE_ITEM flags -Os)
  endif()
  target_compile_options(${target} PRIVATE ${flags})
endfunction()

# Makes the build of `target` fail if the kernels define symbols that other code could be linked to. Sanitizers add such
# symbols of their own; Mach-O's nm prints other letters.
function(deepseek_check_kernels target)
  if(DEEPSEEK_SANITIZE OR APPLE OR NOT CMAKE_NM)
    return()
  endif()
  foreach(isa IN LISTS DEEPSEEK_ISAS)
    add_custom_command(
      TARGET ${target}
      POST_BUILD
      COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" -DISA=${isa} "-DOBJECT=$<TARGET_OBJECTS:kernels_${isa}>" -P
              "${PROJECT_SOURCE_DIR}/cmake/check_kernels.cmake"
      VERBATIM)
  endforeach()
endfunction()
