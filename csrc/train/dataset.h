// The caller's arrays, read in place: rows of inputs, and labels or rows of targets, and perhaps a weight a
// row.
#pragma once
#include <cstdint>

#include "backend/view.h"

namespace ds {

template <class T>
struct Dataset {
    const T* x = nullptr;
    Index rows = 0;
    Index cols = 0;
    const T* target = nullptr;  // (rows, target_cols), or null: labels
    Index target_cols = 0;
    const std::int64_t* label = nullptr;  // (rows)
    const T* weight = nullptr;            // (rows), or null: all ones

    Matrix<const T> inputs() const { return {x, cols}; }
};

}  // namespace ds
