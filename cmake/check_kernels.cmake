# Run after each build of the engine: cmake -DNM=… -DISA=… -DOBJECT=… -P check_kernels.cmake. Fails if an object that is
# compiled for one instruction set defines a symbol that other objects can share. The linker may keep such a copy for all
# of the program, and an older CPU would then meet instructions that it lacks.
execute_process(COMMAND "${NM}" -C "${OBJECT}" OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "[" "(" lines "${lines}")  # a list in CMake ends where brackets do not match
string(REPLACE "]" ")" lines "${lines}")
string(REPLACE ";" "," lines "${lines}")
string(REPLACE "\n" ";" lines "${lines}")
set(shared "")
foreach(line IN LISTS lines)
  if(line MATCHES "^[0-9a-f ]+ [TDBRVWuvw] (.*)$")
    set(name "${CMAKE_MATCH_1}")
    if(NOT name MATCHES "^DW\\.ref\\.")  # the unwinder's reference, no code
      list(APPEND shared "${name}")
    endif()
  endif()
endforeach()
if(NOT shared STREQUAL "ds::kernel_table_${ISA}()")
  list(JOIN shared "\n  " found)
  message(FATAL_ERROR "kernels for ${ISA}: global or weak symbols are\n  ${found}\nexpected ds::kernel_table_${ISA}() alone. "
                      "Make the others static, or put them into an unnamed namespace.")
endif()
