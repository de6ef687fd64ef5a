// The data of a Net: NumPy arrays, validated, and the engine's view of them.
#pragma once
#include "api/net_core.h"
#include "bindings/array.h"

namespace ds {

// The arrays of one data set, kept alive, and the engine's view of them.
struct NetArrays {
    py::object x, y, weight, index;
    RawDataset raw;
};

// Validates the inputs alone, dense or sparse.
NetArrays net_inputs(const NetSpec& spec, const py::object& x);

// Validates the arrays for a Net of this specification; no data set if x is None. `index`: the rows to select,
// or None for all rows. Labels are validated in the selected rows only.
NetArrays net_arrays(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& weight,
                     const py::object& index, bool validation);

}  // namespace ds
