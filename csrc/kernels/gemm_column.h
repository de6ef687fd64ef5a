// Matrix-vector products: y = A x with A row-major, vectorised over the rows of A (never over k, which would
// change the bits), through transposes in registers. x is one column, so there is nothing to reuse and
// nothing to pack: A's rows stream by once.
#pragma once
#include "core/types.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// Chains of sums that keep the multipliers busy: so many squares run side by side.
inline constexpr int kColumnSquares = 4;

// Sums of `rows` rows of A times x, (G - 1)·N < rows <= G·N and rows >= N for squares of N; the last square
// ends with the last row and may share rows with the one before. With C > 1 the next chunks of k's run beside
// the first, all of them whole, and their sums follow G·N further on. kAhead: A comes from beyond the second-level
// cache, and the rows that follow these are asked for into it; within it hardware does better alone.
template <class T, int G, int C = 1, bool kAhead = false>
[[gnu::noinline]] void column_rows(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    using S = Square<T>;
    constexpr int N = kSquare<T>, kLine = 64 / int(sizeof(T));
    typename S::Reg acc[C][G];
    const T* at[G];
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
        for (int c = 0; c < C; ++c) acc[c][g] = S::zero();
        at[g] = opaque(a + (g < G - 1 ? g * N : rows - N) * lda);
    }
    Index p = 0;
    const T* ahead = a + rows * lda;
    for (; p + kLine <= k; p += kLine) {
        if constexpr (kAhead) {
            const T* line = ahead;
#pragma GCC unroll 16
            for (int r = 0; r < G * N; ++r, line += lda) __builtin_prefetch(line, 0, 2);
            ahead += kLine;
        }
        const auto add = [&](int e, int h) __attribute__((always_inline)) {
            const int c = e / G, g = e % G;
            const T* beside = x + c * kSumChunk + p + h;
            S q;
            q.load(at[g] + c * kSumChunk + h, lda);
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j) S::accumulate(acc[c][g], q.col[j], S::broadcast(beside[j]));
        };
        // Squares side by side keep the multipliers busy. Rows from afar, often a multiple of 4096 bytes apart, are
        // rather used up a line at a time: the first-level cache cannot keep them all.
        constexpr int kTimes = kLine / N, kSquares = C * G;
#pragma GCC unroll 16
        for (int i = 0; i < kTimes * kSquares; ++i)
            add(kAhead ? i / kTimes : i % kSquares, (kAhead ? i % kTimes : i / kSquares) * N);
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) at[g] = opaque(at[g] + kLine);
    }
    // What is left of a line: squares of which the last reaches back over columns that are done, and skips them.
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

// The same for fewer rows or fewer k's than a square has.
template <class T>
[[gnu::noinline]] void column_corner(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    for (Index i = 0; i < rows; ++i) {
        T sum(0);
        for (Index p = 0; p < k; ++p) sum = fma(a[i * lda + p], x[p], sum);
        sums[i] = sum;
    }
}

// The same for any number of rows up to kColumnSquares·N.
template <class T>
DS_INLINE void column_sums(T* sums, const T* a, Index lda, Index rows, const T* x, Index k) {
    constexpr int N = kSquare<T>;
    if (rows < N || k < N) return column_corner(sums, a, lda, rows, x, k);
    if (rows > 3 * N) return column_rows<T, 4>(sums, a, lda, rows, x, k);
    if (rows > 2 * N) return column_rows<T, 3>(sums, a, lda, rows, x, k);
    if (rows > N) return column_rows<T, 2>(sums, a, lda, rows, x, k);
    column_rows<T, 1>(sums, a, lda, rows, x, k);
}

// Up to kColumnSquares·N rows and every chunk of k: sums, or with `first` what overwrites them. Where k has
// two chunks, half the rows run through two of them at once: rows a multiple of 4096 bytes apart share a set
// of the first-level cache, which holds 8 or 12 lines, and 16 rows fare better there than 32. A matrix from
// beyond the second-level cache comes at its own pace, and faster in fewer streams: half the rows, one chunk.
template <class T>
DS_INLINE void column_block(T* sums, const T* a, Index lda, Index rows, const T* x, Index k, bool first,
                            bool far) {
    constexpr Index kRows = kColumnSquares * kSquare<T>, kHalf = kRows / 2;
    T part[kRows];
    const auto add = [](T* to, const T* from, Index n) {
        for (Index i = 0; i < n; ++i) to[i] = to[i] + from[i];
    };
    Index done = 0;
    if (rows == kRows) {
        const Index step = far ? kSumChunk : 2 * kSumChunk;
        done = k / step * step;
        for (Index h = 0; h < kRows; h += kHalf)
            for (Index p = 0; p < done; p += step) {
                const T* from = a + h * lda + p;
                if (far)
                    column_rows<T, 2, 1, true>(part, from, lda, kHalf, x + p, kSumChunk);
                else
                    column_rows<T, 2, 2>(part, from, lda, kHalf, x + p, kSumChunk);
                if (first && p == 0)
                    for (Index i = 0; i < kHalf; ++i) sums[h + i] = part[i];
                else
                    add(sums + h, part, kHalf);
                if (!far) add(sums + h, part + kHalf, kHalf);
            }
        first = first && done == 0;
    }
    for (Index p = done; p < k || (first && k == 0); p += kSumChunk) {
        const Index chunk = k - p < kSumChunk ? k - p : kSumChunk;
        column_sums(first ? sums : part, a + p, lda, rows, x + p, chunk);
        if (!first) add(sums, part, rows);
        first = false;
    }
}

// y[i] = (row i of A) · x + bias[i], or y[i] more than that; every vector has its stride.
template <class T>
void matvec(Index m, Index k, const T* a, Index lda, const T* x, Index x_step, T* y, Index y_step,
            const T* bias, Index bias_step, bool accumulate) {
    constexpr Index kRows = kColumnSquares * kSquare<T>, kPiece = 8 * kSumChunk;
    if (m <= kRows && k <= kSumChunk && x_step == 1 && y_step == 1 && !accumulate) {  // nothing to decide
        column_sums(y, a, lda, m, x, k);
        for (Index i = 0; bias != nullptr && i < m; ++i) y[i] = y[i] + bias[i * bias_step];
        return;
    }
    T sums[kRows], gathered[kPiece];
    const bool far = m * lda * Index(sizeof(T)) > kFar;
    bool first = !accumulate;
    do {
        const Index piece = x_step == 1 || k < kPiece ? k : kPiece;
        const T* xs = x;
        if (x_step != 1) {
            for (Index p = 0; p < piece; ++p) gathered[p] = x[p * x_step];
            xs = gathered;
        }
        k -= piece;
        for (Index i = 0; i < m; i += kRows) {
            const Index rows = m - i < kRows ? m - i : kRows;
            T* const out = y + i * y_step;
            T* const to = y_step == 1 ? out : sums;
            if (!first && to != out)
                for (Index r = 0; r < rows; ++r) to[r] = out[r * y_step];
            column_block(to, a + i * lda, lda, rows, xs, piece, first, far);
            if (k == 0 && bias != nullptr)
                for (Index r = 0; r < rows; ++r) to[r] = to[r] + bias[(i + r) * bias_step];
            if (to != out)
                for (Index r = 0; r < rows; ++r) out[r * y_step] = to[r];
        }
        first = false;
        a += piece;
        x += piece * x_step;
    } while (k > 0);
}

DS_ISA_END
