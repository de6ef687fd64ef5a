// Matrix-vector products: y = A x with A row-major, vectorised over the rows of A (never over k, which would
// change the bits), through transposes in registers. x is one column, so there is nothing to reuse and
// nothing to pack: A's rows stream by once.
#pragma once
#include "core/types.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// Rows of squares that run side by side: enough chains of sums to keep the multipliers busy.
inline constexpr int kColumnSquares = 4;

// Sums of `rows` rows of A times x, (G - 1)·N < rows <= G·N and rows >= N for squares of N; the last square
// ends with the last row and may share rows with the one before. A cache line of each row is used up before
// the next row's is touched, since rows a multiple of 4096 bytes apart share a set. kFetch asks for lines
// ahead, of these rows and then of those that follow: more streams than hardware follows, if A comes from
// afar.
template <class T, int G, bool kFetch>
DS_INLINE void column_rows(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    using S = Square<T>;
    constexpr int N = kSquare<T>, kLine = 64 / int(sizeof(T));
    typename S::Reg acc[G];
    const T* at[G];
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
        acc[g] = S::zero();
        at[g] = opaque(a + (g < G - 1 ? g * N : rows - N) * lda);
    }
    Index p = 0;
    for (; p + kLine <= k; p += kLine) {
        const Index ahead = p + kLine < k ? kLine : rows * lda + kLine - k;
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
    // The last elements: squares that reach back over columns that are done, and skip them.
    while (p < k) {
        const Index next = p + N < k ? p + N : k, from = k < N ? 0 : next - N;
        for (int g = 0; g < G; ++g) {
            S q;
            if (k < N)
                q.gather(at[g], lda, k);
            else
                q.load(at[g] - (p - from), lda);
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j)
                if (from + j >= p && from + j < next)
                    S::accumulate(acc[g], q.col[j], S::broadcast(x[from + j]));
            at[g] += next - p;
        }
        p = next;
    }
    for (int g = 0; g < G; ++g) S::store(sums + (g < G - 1 ? g * N : rows - N), acc[g]);
}

// The same for any number of rows up to kColumnSquares·N.
template <class T>
DS_INLINE void column_sums(T* sums, const T* a, Index lda, Index rows, const T* x, Index k, bool far) {
    constexpr int N = kSquare<T>;
    if (rows > 3 * N && far) return column_rows<T, 4, true>(sums, a, lda, rows, x, k);
    if (rows > 3 * N) return column_rows<T, 4, false>(sums, a, lda, rows, x, k);
    if (rows > 2 * N) return column_rows<T, 3, false>(sums, a, lda, rows, x, k);
    if (rows > N) return column_rows<T, 2, false>(sums, a, lda, rows, x, k);
    if (rows == N) return column_rows<T, 1, false>(sums, a, lda, rows, x, k);
    for (Index i = 0; i < rows; ++i) sums[i] = T(0);
    for (Index p = 0; p < k; ++p)
        for (Index i = 0; i < rows; ++i) sums[i] = fma(a[i * lda + p], x[p], sums[i]);
}

// y[i] = (row i of A) · x + bias[i], or y[i] more than that; every vector has its stride.
template <class T>
void matvec(Index m, Index k, const T* a, Index lda, const T* x, Index x_step, T* y, Index y_step,
            const T* bias, Index bias_step, bool accumulate) {
    constexpr Index kRows = kColumnSquares * kSquare<T>;
    T sums[kRows], gathered[kSumChunk];
    const bool far = m * lda * Index(sizeof(T)) > kFar;
    bool first = !accumulate;
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
            column_sums(sums, a + i * lda, lda, rows, xs, chunk, far);
            T* out = y + i * y_step;
            if (!first)
                for (Index r = 0; r < rows; ++r) sums[r] = out[r * y_step] + sums[r];
            if (k == 0 && bias != nullptr)
                for (Index r = 0; r < rows; ++r) sums[r] = sums[r] + bias[(i + r) * bias_step];
            for (Index r = 0; r < rows; ++r) out[r * y_step] = sums[r];
        }
        first = false;
        a += chunk;
        x += chunk * x_step;
    } while (k > 0);
}

DS_ISA_END
