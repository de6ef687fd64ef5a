// The specification of a Net as a Python dict, both ways.
#pragma once
#include <pybind11/pybind11.h>

#include "train/spec.h"

namespace ds {

// Missing keys take the defaults; unknown keys and wrong types raise.
NetSpec spec_from_dict(const pybind11::dict& dict);
pybind11::dict spec_to_dict(const NetSpec& spec);

}  // namespace ds
