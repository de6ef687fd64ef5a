// What it takes to trust a caller's CSR arrays: validation, the canonical order of entries, selected rows.
#pragma once
#include "core/sparse_matrix.h"

namespace ds {

// The arrays as the caller has them. P and I are int32 or int64.
template <class P, class I>
struct CsrArrays {
    const P* indptr = nullptr;  // rows + 1
    Index rows = 0;
    const I* column = nullptr;
    Index entries = 0;  // elements of `column`
    Index cols = 0;
};

// Validates the arrays and copies them to `indptr` and `column`, which may be null. Each element is
// read once, so a caller that writes to the arrays meanwhile cannot get an invalid copy. Throws ValueError,
// whose text begins with `name`. Returns whether the columns of every row ascend.
template <class P, class I>
bool copy_sparse_rows(const CsrArrays<P, I>& from, Index* indptr, Column* column, const char* name);

// Sorts the entries of every row by column. Values of equal columns are added in their order. Returns the
// number of entries that are left.
template <class T>
Index sort_sparse_rows(Index* indptr, Column* column, T* value, Index rows);

// The rows index[0], … of `from`, one after the other.
template <class T>
void take_sparse_rows(const SparseMatrix<T>& from, const Index* index, Index rows, Column* column, T* value);

}  // namespace ds
