// Matrix-vector products: y = A x with A row-major, vectorised over the rows of A (never over k, which would change the
// bits), through transposes in registers. x is one column, so there is nothing to reuse and nothing to pack: A's rows
// stream by once.
#pragma once
#include "core/types.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// G squares of rows through k elements: acc[g] holds the sums of rows g·N … g·N + N - 1. Rows from `rows` on repeat the
// last one; their sums are dropped.
template <class T, int G>
DS_INLINE void column_rows(const T* a, Index lda, Index rows, const T* x, Index k, T* sums) {
    using S = Square<T>;
    constexpr int N = kSquare<T>;
    typename S::Reg acc[G];
    for (int g = 0; g < G; ++g) acc[g] = S::zero();
    Index p = 0;
    if (rows >= G * N) {
        for (; p + N <= k; p += N)
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) {
                S q;
                q.load(a + g * N * lda + p, lda);
#pragma GCC unroll 8
                for (int j = 0; j < N; ++j) acc[g] = S::fma(q.col[j], S::broadcast(x[p + j]), acc[g]);
            }
    }
    for (; p < k; ++p)
        for (int g = 0; g < G; ++g) {
            T col[N];
            for (int i = 0; i < N; ++i) {
                const Index row = g * N + i;
                col[i] = a[(row < rows ? row : rows - 1) * lda + p];
            }
            typename S::Reg v;
            __builtin_memcpy(&v, col, sizeof v);
            acc[g] = S::fma(v, S::broadcast(x[p]), acc[g]);
        }
    for (int g = 0; g < G; ++g) S::store(sums + g * N, acc[g]);
}

// y[i] = (row i of A) · x + bias[i]; every vector has its stride.
template <class T>
void matvec(Index m, Index k, const T* a, Index lda, const T* x, Index x_step, T* y, Index y_step, const T* bias,
            Index bias_step) {
    constexpr int G = 4, kRows = G * kSquare<T>;
    T sums[kRows], gathered[kSumChunk];
    bool first = true;
    do {
        const Index chunk = k < kSumChunk ? k : kSumChunk;
        const T* xs = x;
        if (x_step != 1) {
            for (Index p = 0; p < chunk; ++p) gathered[p] = x[p * x_step];
            xs = gathered;
        }
        k -= chunk;
        for (Index i = 0; i < m; i += kRows) {
            const Index rows = m - i < kRows ? m - i : kRows;
            column_rows<T, G>(a + i * lda, lda, rows, xs, chunk, sums);
            for (Index r = 0; r < rows; ++r) {
                T* out = y + (i + r) * y_step;
                T sum = first ? sums[r] : *out + sums[r];
                if (k == 0 && bias != nullptr) sum = sum + bias[(i + r) * bias_step];
                *out = sum;
            }
        }
        first = false;
        a += chunk;
        x += chunk * x_step;
    } while (k > 0);
}

DS_ISA_END
