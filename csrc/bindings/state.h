// Parameters and training state as dicts of arrays and numbers.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

#include "api/model_core.h"

namespace ds {

// One array a parameter, named prefix + the parameter's name.
pybind11::dict read_tensors(ModelCore& core, Slab slab, const std::string& prefix);

// All or nothing: every array is checked before the first one is written.
void write_params(ModelCore& core, const pybind11::dict& tensors);

pybind11::dict read_state(ModelCore& core);
void write_state(ModelCore& core, const pybind11::dict& state);

}  // namespace ds
