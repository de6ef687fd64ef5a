// Sparse rows from Python: any object with the attributes `indptr`, `indices`, `data` and `shape`.
#pragma once
#include "bindings/array.h"

namespace ds {

// Arrays of sparse rows, kept alive.
struct SparseArrays {
    py::array indptr, indices, values;
    Index rows = 0, cols = 0;
    bool ascends = false;  // whether the columns of each row ascend
};

bool is_sparse(const py::object& object);

// Validates sparse rows with int64 `indptr`, int32 `indices`, ascending columns, and values of T. All arrays
// are read in place, so nobody may write to the indices meanwhile.
template <class T>
SparseArrays require_sparse(const py::object& object, const char* name);

}  // namespace ds
