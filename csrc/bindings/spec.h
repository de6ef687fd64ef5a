// The specification of a model as a Python dict, both ways.
#pragma once
#include <pybind11/pybind11.h>

#include "gen/spec.h"
#include "rec/spec.h"

namespace ds {

// Validated; missing keys take the defaults, unknown keys and wrong types raise.
NetSpec net_spec_from_dict(const pybind11::dict& dict);
RecSpec rec_spec_from_dict(const pybind11::dict& dict);
GenSpec gen_spec_from_dict(const pybind11::dict& dict);
pybind11::dict spec_to_dict(const NetSpec& spec);
pybind11::dict spec_to_dict(const RecSpec& spec);
pybind11::dict spec_to_dict(const GenSpec& spec);

}  // namespace ds
