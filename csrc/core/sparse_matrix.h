// A sparse matrix by rows (CSR) as a view: it owns nothing. Layers read their sparse inputs through it.
#pragma once
#include <cstdint>

#include "core/view.h"

namespace ds {

using Column = std::int32_t;

// Row i has the entries begin[i] … end[i] - 1: entry e is value[e] in column[e], and the columns of a row
// ascend. All other elements are +0.
template <class T>
struct SparseMatrix {
    const Index* begin = nullptr;
    const Index* end = nullptr;
    const Column* column = nullptr;
    const T* value = nullptr;
    Index rows = 0;
    Index cols = 0;

    [[gnu::always_inline]] explicit operator bool() const { return begin != nullptr; }
    [[gnu::always_inline]] Range entries(Index row) const {
        assert(0 <= row && row < rows);
        return {begin[row], end[row]};
    }
    [[gnu::always_inline]] SparseMatrix row_slice(Range r) const {
        assert(0 <= r.begin && r.begin <= r.end && r.end <= rows);
        return {begin + r.begin, end + r.begin, column, value, r.size(), cols};
    }
    // Of the rows of an array `indptr` with rows + 1 elements, as SciPy has it.
    [[gnu::always_inline]] static SparseMatrix of(const Index* indptr, const Column* column, const T* value,
                                                  Index rows, Index cols) {
        return {indptr, indptr + 1, column, value, rows, cols};
    }
};

}  // namespace ds
