// The caller's arrays, read in place: rows of inputs, their labels or rows of targets, and optional weights.
// The inputs of a Net may be sparse.
// Those of a device are copies (DeviceDataset).
// With an index the data set is a selection of their rows, in its order; rows may repeat.
#pragma once
#include <cstdint>

#include "core/memory/memory.h"
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
    const T* host_weight = weight;        // the caller's weights, which host code sums

    Matrix<const T> inputs() const { return {x, index ? array_rows : rows, cols}; }
    Matrix<const T> targets() const { return {target, index ? array_rows : rows, target_cols}; }
    Index row(Index i) const { return index ? index[i] : i; }
};

// A data set in a device's memory; one in the host's memory stays where it is.
template <class T>
class DeviceDataset {
public:
    DeviceDataset(Memory& memory, const Dataset<T>& data) : data_(data) {
        if (memory.is_host()) return;
        const Index rows = data.index ? data.array_rows : data.rows;
        x_ = copied(memory, data_.x, rows * data.cols);
        target_ = copied(memory, data_.target, rows * data.target_cols);
        label_ = copied(memory, data_.label, rows);
        weight_ = copied(memory, data_.weight, rows);
    }

    const Dataset<T>& data() const { return data_; }

private:
    template <class U>
    static Buffer<U> copied(Memory& memory, const U*& p, Index n) {
        if (p == nullptr || n == 0) return {};
        Buffer<U> copy(memory, n);
        memory.from_host(copy.data(), p, n);
        p = copy.data();
        return copy;
    }

    Dataset<T> data_;
    Buffer<T> x_, target_, weight_;
    Buffer<std::int64_t> label_;
};

}  // namespace ds
