// Matrix-vector products: y = A x with A row-major, vectorised over the rows of A (never over k, which would change the
// bits), through transposes in registers. x is one column, so there is nothing to reuse and nothing to pack: A's rows
// stream by once.
#pragma once
#include "core/types.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// G squares of rows through k elements: sums of rows g·N … g·N + N - 1 from acc[g]. Rows from `rows` on repeat the last
// one; their sums are dropped. A cache line of each row is used up before the next row's is touched, since rows a
// multiple of 4096 bytes apart share a set. kFetch asks for lines ahead, of these rows and then of those that follow:
// more streams than hardware follows, if A comes from afar.
template <class T, int G, bool kFetch>
DS_INLINE void column_rows(const T* a, Index lda, Index rows, const T* x, Index k, T* sums) {
    using S = Square<T>;
    constexpr int N = kSquare<T>, kLine = 64 / int(sizeof(T));
    constexpr Index kAhead = kLine;
    typename S::Reg acc[G];
    for (int g = 0; g < G; ++g) acc[g] = S::zero();
    Index p = 0;
    if (rows >= G * N) {
        const T* at[G];
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) at[g] = opaque(a + g * N * lda);
        for (; p + kLine <= k; p += kLine) {
            const Index ahead = p + kAhead < k ? kAhead : G * N * lda + kAhead - k;
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) {
                const T* fetch = at[g] + ahead;
                for (int i = 0; kFetch && i < N; ++i) {
                    __builtin_prefetch(fetch);
                    fetch = opaque(fetch + lda);
                }
#pragma GCC unroll 4
                for (int h = 0; h < kLine; h += N) {
                    S q;
                    q.load(at[g], lda);
                    at[g] = opaque(at[g] + N);
#pragma GCC unroll 8
                    for (int j = 0; j < N; ++j) S::accumulate(acc[g], q.col[j], S::broadcast(x[p + h + j]));
                }
            }
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
            S::accumulate(acc[g], v, S::broadcast(x[p]));
        }
    for (int g = 0; g < G; ++g) S::store(sums + g * N, acc[g]);
}

// y[i] = (row i of A) · x + bias[i]; every vector has its stride.
template <class T>
void matvec(Index m, Index k, const T* a, Index lda, const T* x, Index x_step, T* y, Index y_step,
            const T* bias, Index bias_step) {
    constexpr int G = 4, kRows = G * kSquare<T>;
    T sums[kRows], gathered[kSumChunk];
    const bool far = m * lda * Index(sizeof(T)) > kFar;
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
            if (far)
                column_rows<T, G, true>(a + i * lda, lda, rows, xs, chunk, sums);
            else
                column_rows<T, G, false>(a + i * lda, lda, rows, xs, chunk, sums);
            T* out = y + i * y_step;
            if (!first)
                for (Index r = 0; r < rows; ++r) sums[r] = out[r * y_step] + sums[r];
            if (k == 0 && bias != nullptr)
                for (Index r = 0; r < rows; ++r) sums[r] = sums[r] + bias[(i + r) * bias_step];
            if (y_step == 1)
                __builtin_memcpy(out, sums, static_cast<unsigned long>(rows) * sizeof(T));
            else
                for (Index r = 0; r < rows; ++r) out[r * y_step] = sums[r];
        }
        first = false;
        a += chunk;
        x += chunk * x_step;
    } while (k > 0);
}

DS_ISA_END
