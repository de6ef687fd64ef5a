// Parameters and training state as Python dicts of arrays and numbers.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

#include "api/model_core.h"

namespace ds {

// One array for each parameter of a flat buffer, named prefix + the parameter's name.
pybind11::dict read_tensors(ModelCore& core, FlatBuffer buffer, const std::string& prefix);

// Validates every array before it writes the first one.
void write_params(ModelCore& core, const pybind11::dict& tensors);

pybind11::dict read_state(ModelCore& core);
void write_state(ModelCore& core, const pybind11::dict& state);

}  // namespace ds
