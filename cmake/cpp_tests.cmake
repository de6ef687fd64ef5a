# The programs of tests/cpp, one per source; a source whose name says it is per-ISA (ulp_sweep) becomes one per
# instruction set. They are run by pytest, not by ctest: tests/ has one runner.
file(GLOB test_sources CONFIGURE_DEPENDS "tests/cpp/*.cpp")
foreach(source IN LISTS test_sources)
  get_filename_component(name "${source}" NAME_WE)
  if(name MATCHES "_sweep$")
    foreach(isa IN LISTS DEEPSEEK_ISAS)
      deepseek_for_isa(${name}_${isa} EXECUTABLE ${isa} ${source})
    endforeach()
  else()
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE deepseek_engine)
  endif()
endforeach()
