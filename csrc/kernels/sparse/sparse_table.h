// The product of a sparse and a dense matrix: its operands, and one function pointer. Upper layers include
// only this file.
#pragma once
#include "core/sparse_matrix.h"

namespace ds {

// C (m, n) = A (m, k) · B (k, n) + bias, with a sparse A. The bits are those of the dense product
// (gemm/gemm_table.h) with A's missing elements as +0:
//   - Adding +0·b to a sum of finite numbers changes nothing but the sign of a zero sum. The kernel finds
//     sums that are -0, and computes them with all products.
//   - `multiply_zeros` adds all missing products. The caller sets it if an element of B is not finite.
template <class T>
struct SparseProduct {
    SparseMatrix<T> a;
    const T* b = nullptr;
    Index ldb = 0;
    T* c = nullptr;
    Index ldc = 0;
    Index n = 0;
    const T* bias = nullptr;  // n values, or null
    bool multiply_zeros = false;
};

template <class T>
struct SparseKernels {
    void (*product)(const SparseProduct<T>& g) = nullptr;
};

}  // namespace ds
