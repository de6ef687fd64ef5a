// The functions that add each file's part to the module.
#pragma once
#include <pybind11/pybind11.h>

namespace ds {

void bind_system(pybind11::module_& m);
void bind_traits(pybind11::module_& m);
void bind_sparse(pybind11::module_& m);
void bind_kernels(pybind11::module_& m);
void bind_row_kernels(pybind11::module_& kernels);
void bind_net_core(pybind11::module_& m);
void bind_net_fits(pybind11::module_& m);
void bind_rec_core(pybind11::module_& m);
void bind_gen_core(pybind11::module_& m);
void bind_csv(pybind11::module_& m);
void bind_ngrams(pybind11::module_& m);
void bind_plugin(pybind11::module_& m);

}  // namespace ds
