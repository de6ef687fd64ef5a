// Matrix-vector products: y = A x with a row-major A. Squares of A are transposed in registers, so that rows
// of A are the lanes. Lanes along k would change the bits. A is read once; packing it would not pay.
#pragma once
#include "core/types.h"
#include "kernels/gemm/gemm_table.h"
#include "kernels/gemm/gemm_tile.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// Squares of rows computed side by side. Four independent fma chains hide the latency of the multipliers.
inline constexpr int kColumnSquares = 4;

// The sums of `rows` rows of A times x, in G squares of N rows: (G - 1)·N < rows <= G·N and rows >= N. The
// last square ends with the last row, so it may compute rows of the square before it again. With C > 1, C
// whole chunks of k run side by side; the sums of chunk c begin at sums + c·G·N. kPrefetch: A exceeds the L2
// cache, and the rows after these are prefetched into it. Within the L2 cache the hardware prefetcher alone
// is faster.
template <class T, int G, int C = 1, bool kPrefetch = false>
[[gnu::noinline]] void column_rows(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    using S = SquareTranspose<T>;
    constexpr int N = kSquareDim<T>, kLine = 64 / int(sizeof(T));
    typename S::Reg acc[C][G];
    const T* at[G];
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
        for (int c = 0; c < C; ++c) acc[c][g] = S::zero();
        at[g] = opaque(a + (g < G - 1 ? g * N : rows - N) * lda);
    }
    Index p = 0;
    const T* next_rows = a + rows * lda;
    for (; p + kLine <= k; p += kLine) {
        if constexpr (kPrefetch) {
            const T* line = next_rows;
#pragma GCC unroll 16
            for (int r = 0; r < G * N; ++r, line += lda) __builtin_prefetch(line, 0, 2);
            next_rows += kLine;
        }
        const auto add = [&](int e, int h) DS_LAMBDA {
            const int c = e / G, g = e % G;
            const T* xs = x + c * kKC + p + h;
            S q;
            q.load(at[g] + c * kKC + h, lda);
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j) S::accumulate(acc[c][g], q.col[j], S::broadcast(xs[j]));
        };
        // By default, squares alternate to hide latency. With kPrefetch a square reads its whole cache lines
        // first: the rows of a large A are often a multiple of 4096 bytes apart, and the L1 cache cannot hold
        // all of them.
        constexpr int kSquaresPerLine = kLine / N, kSquares = C * G;
#pragma GCC unroll 16
        for (int i = 0; i < kSquaresPerLine * kSquares; ++i)
            add(kPrefetch ? i / kSquaresPerLine : i % kSquares,
                (kPrefetch ? i % kSquaresPerLine : i / kSquares) * N);
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) at[g] = opaque(at[g] + kLine);
    }
    // The rest of a line. The last square overlaps columns that are done and skips them.
    const T* from = x + p;
    for (Index left = C == 1 ? k - p : 0; left > 0; left -= N, from += N) {
        const Index back = left < N ? N - left : 0;
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) {
            S q;
            q.load(at[g] - back, lda);
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j)
                if (j >= back) S::accumulate(acc[0][g], q.col[j], S::broadcast(from[j - back]));
            at[g] += N;
        }
    }
    for (int c = 0; c < C; ++c)
        for (int g = 0; g < G; ++g) S::store(sums + c * G * N + (g < G - 1 ? g * N : rows - N), acc[c][g]);
}

// The sums one by one, if there are fewer rows or values of k than a square has.
template <class T>
[[gnu::noinline]] void column_scalar(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    for (Index i = 0; i < rows; ++i) {
        T sum(0);
        for (Index p = 0; p < k; ++p) sum = fma(a[i * lda + p], x[p], sum);
        sums[i] = sum;
    }
}

// The sums of up to kColumnSquares·N rows over one chunk.
template <class T>
DS_INLINE void column_sums(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    constexpr int N = kSquareDim<T>;
    if (rows < N || k < N) return column_scalar(sums, a, lda, rows, x, k);
    if (rows > 3 * N) return column_rows<T, 4>(sums, a, lda, rows, x, k);
    if (rows > 2 * N) return column_rows<T, 3>(sums, a, lda, rows, x, k);
    if (rows > N) return column_rows<T, 2>(sums, a, lda, rows, x, k);
    column_rows<T, 1>(sums, a, lda, rows, x, k);
}

// Adds A x of up to kColumnSquares·N rows to `sums`, or overwrites them, chunk by chunk. With two chunks or
// more, half of the rows run through two chunks at once: rows that are a multiple of 4096 bytes apart share a
// set of the L1 cache, which has 8 or 12 ways. A matrix that exceeds the L2 cache is read faster in fewer
// streams: half of the rows, one chunk at a time.
template <class T>
DS_INLINE void column_block(T* sums, const T* a, Index lda, Index rows, const T* x, Index k, bool overwrite,
                            bool exceeds_l2) {
    constexpr Index kRows = kColumnSquares * kSquareDim<T>, kHalf = kRows / 2;
    T part[kRows];
    const auto add = [](T* to, const T* from, Index n) {
        for (Index i = 0; i < n; ++i) to[i] = to[i] + from[i];
    };
    Index done = 0;
    if (rows == kRows) {
        const Index step = exceeds_l2 ? kKC : 2 * kKC;
        done = k / step * step;
        for (Index h = 0; h < kRows; h += kHalf)
            for (Index pc = 0; pc < done; pc += step) {
                const T* from = a + h * lda + pc;
                if (exceeds_l2)
                    column_rows<T, 2, 1, true>(part, from, lda, kHalf, x + pc, kKC);
                else
                    column_rows<T, 2, 2>(part, from, lda, kHalf, x + pc, kKC);
                if (overwrite && pc == 0)
                    for (Index i = 0; i < kHalf; ++i) sums[h + i] = part[i];
                else
                    add(sums + h, part, kHalf);
                if (!exceeds_l2) add(sums + h, part + kHalf, kHalf);
            }
        overwrite = overwrite && done == 0;
    }
    for (Index pc = done; pc < k || (overwrite && k == 0); pc += kKC) {
        const Index chunk = k - pc < kKC ? k - pc : kKC;
        column_sums(overwrite ? sums : part, a + pc, lda, rows, x + pc, chunk);
        if (!overwrite) add(sums, part, rows);
        overwrite = false;
    }
}

// y = A x + bias, or y += A x + bias. Every vector has a stride.
template <class T>
void matvec(Index m, Index k, const T* a, Index lda, const T* x, Index x_stride, T* y, Index y_stride,
            const T* bias, Index bias_stride, bool accumulate) {
    constexpr Index kRows = kColumnSquares * kSquareDim<T>, kGathered = 8 * kKC;
    if (m <= kRows && k <= kKC && x_stride == 1 && y_stride == 1 && !accumulate) {  // small products
        column_sums(y, a, lda, m, x, k);
        for (Index i = 0; bias != nullptr && i < m; ++i) y[i] = y[i] + bias[i * bias_stride];
        return;
    }
    T sums[kRows], gathered[kGathered];
    const bool exceeds_l2 = m * lda * Index(sizeof(T)) > kL2Bytes;
    bool overwrite = !accumulate;
    do {
        const Index count = x_stride == 1 || k < kGathered ? k : kGathered;
        const T* xs = x;
        if (x_stride != 1) {
            for (Index p = 0; p < count; ++p) gathered[p] = x[p * x_stride];
            xs = gathered;
        }
        k -= count;
        for (Index i = 0; i < m; i += kRows) {
            const Index rows = m - i < kRows ? m - i : kRows;
            T* const out = y + i * y_stride;
            T* const to = y_stride == 1 ? out : sums;
            if (!overwrite && to != out)
                for (Index r = 0; r < rows; ++r) to[r] = out[r * y_stride];
            column_block(to, a + i * lda, lda, rows, xs, count, overwrite, exceeds_l2);
            if (k == 0 && bias != nullptr)
                for (Index r = 0; r < rows; ++r) to[r] = to[r] + bias[(i + r) * bias_stride];
            if (to != out)
                for (Index r = 0; r < rows; ++r) out[r * y_stride] = to[r];
        }
        overwrite = false;
        a += count;
        x += count * x_stride;
    } while (k > 0);
}

DS_ISA_END
