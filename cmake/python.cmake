# Python and pybind11, the module's symbols, and the importable package of a plain CMake build.

find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYBIND11_FINDPYTHON ON)
if(NOT pybind11_DIR)  # under pip, scikit-build-core has set it
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
    OUTPUT_VARIABLE pybind11_DIR
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_package(pybind11 3.0 CONFIG REQUIRED)

# Under pip, pybind11 lies in a folder with another name each time. A copy of its headers, which is written only where it
# differs, keeps a second `pip install .` from compiling all bindings again.
set(headers "${CMAKE_BINARY_DIR}/pybind11")
file(GLOB_RECURSE names RELATIVE "${pybind11_INCLUDE_DIR}" "${pybind11_INCLUDE_DIR}/pybind11/*.h")
foreach(name IN LISTS names)
  get_filename_component(folder "${headers}/${name}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  file(COPY_FILE "${pybind11_INCLUDE_DIR}/${name}" "${headers}/${name}" ONLY_IF_DIFFERENT)
endforeach()
set_target_properties(pybind11::pybind11_headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${headers}")

# A module shows its init function and nobody anything else: neither ours nor instantiations of the standard library can
# meet those of another module. Code that nothing reaches goes.
target_compile_options(deepseek_flags INTERFACE -ffunction-sections -fdata-sections)
function(deepseek_hide_symbols target)
  if(APPLE)
    target_link_options(${target} PRIVATE -Wl,-dead_strip -Wl,-exported_symbol,_PyInit_${target})
  else()
    set(map "${PROJECT_SOURCE_DIR}/cmake/module.map")
    target_link_options(${target} PRIVATE -Wl,--version-script=${map} -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now)
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${map}")
  endif()
endfunction()

# <build>/site/deepseek: the module beside links to the Python sources, so that PYTHONPATH=<build>/site imports this very
# build and an edited .py file needs no step at all.
function(deepseek_lay_out_site target)
  set(site "${CMAKE_BINARY_DIR}/site/deepseek")
  file(MAKE_DIRECTORY "${site}")
  file(GLOB links "${site}/*")
  foreach(link IN LISTS links)
    if(IS_SYMLINK "${link}" AND NOT EXISTS "${link}")  # a module that has moved: whoever lists the package would find it
      file(REMOVE "${link}")
    endif()
  endforeach()
  file(GLOB entries CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/deepseek/*")
  foreach(entry IN LISTS entries)
    get_filename_component(name "${entry}" NAME)
    if(NOT name STREQUAL "__pycache__" AND NOT name MATCHES "\\.(so|dylib)$")
      file(CREATE_LINK "${entry}" "${site}/${name}" SYMBOLIC)
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${site}")
endfunction()
