// The caller's arrays, read in place: rows of inputs, their labels or rows of targets, and optional weights.
// The inputs of a Net may be sparse.
// With an index the data set is a selection of their rows, in its order; rows may repeat.
#pragma once
#include <cstdint>

#include "core/sparse_matrix.h"

namespace ds {

// Rows of inputs, dense or sparse.
template <class T>
struct InputRows {
    Matrix<const T> dense;
    SparseMatrix<T> sparse;

    InputRows(Matrix<const T> rows) : dense(rows) {}          // NOLINT: either kind is meant
    InputRows(const SparseMatrix<T>& rows) : sparse(rows) {}  // NOLINT
    InputRows rows_from(Index begin) const {
        if (sparse) return sparse.row_slice({begin, sparse.rows});
        return dense.rows_from(begin);
    }
};

template <class T>
struct Dataset {
    const T* x = nullptr;  // null: the inputs are sparse
    Index rows = 0;
    Index cols = 0;
    const T* target = nullptr;  // (rows, target_cols), or null: labels
    Index target_cols = 0;
    const std::int64_t* label = nullptr;  // (rows)
    const T* weight = nullptr;            // (rows), or null: all ones
    const Index* index = nullptr;         // (rows) row numbers in the arrays, or null: all rows
    Index array_rows = 0;                 // rows of the arrays, if there is an index
    SparseMatrix<T> sparse{};             // all rows of the arrays

    Matrix<const T> inputs() const { return {x, index ? array_rows : rows, cols}; }
    Matrix<const T> targets() const { return {target, index ? array_rows : rows, target_cols}; }
    Index row(Index i) const { return index ? index[i] : i; }
};

}  // namespace ds
