// One row, or a few, times a matrix that lies beyond the first-level cache: y = a · B, with B's rows read as the long
// runs of memory they are, eight at a time, and the sums in the first-level cache. The tiles of gemm_tile.h keep the
// sums in registers instead and step from row to row of B, which no hardware follows. The bits are the same. No
// epilogue.
#pragma once
#include <type_traits>

#include "kernels/gemm_table.h"
#include "simd/vec.h"

DS_ISA_BEGIN

inline constexpr int kStreams = 8;                     // rows of B side by side
inline constexpr Index kStreamBytes = Index(1) << 12;  // of sums, and of each run

// sums += a[0]·B[0] + … + a[R - 1]·B[R - 1], in this order.
template <class T, int R>
DS_INLINE void add_rows(T* sums, const T* a, Index a_step, const T* b, Index ldb, Index n) {
    constexpr Index W = Vec<T>::W;
    Vec<T> x[R];
    const T* row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
        x[r] = set1<T>(a[r * a_step]);
        row[r] = b + r * ldb;
    }
    Index j = 0;
    for (; j + W <= n; j += W) {
        Vec<T> s = load(sums + j);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) s = fma(x[r], load(row[r] + j), s);
        store(sums + j, s);
    }
    if (j == n) return;
    Vec<T> s = load(sums + j);  // the room for the sums is whole registers
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) s = fma(x[r], loadn(row[r] + j, n - j), s);
    store(sums + j, s);
}

// sums of m rows, ld apart, += a[i][0]·B[0] + … + a[i][R - 1]·B[R - 1], in this order: B is read once for all of
// them.
template <class T, int R>
DS_INLINE void add_to_rows(T* sums, Index ld, Index m, const T* a, Index lda, const T* b, Index ldb,
                           Index n) {
    constexpr Index W = Vec<T>::W;
    const T* row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) row[r] = b + r * ldb;
    for (Index j = 0; j < n; j += W) {
        Vec<T> x[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) x[r] = n - j < W ? loadn(row[r] + j, n - j) : load(row[r] + j);
        T* to = sums + j;
        const T* by = a;
        for (Index i = 0; i < m; ++i, to += ld, by += lda) {
            Vec<T> s = load(to);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) s = fma(Vec<T>(by[r]), x[r], s);
            store(to, s);
        }
    }
}

// A chunk's sums become C's row, or are added to it; then the bias, or null.
template <class T>
DS_INLINE void finish_row(T* c, const T* sums, Index n, bool first, const T* bias) {
    constexpr Index W = Vec<T>::W;
    for (Index i = 0; i < n; i += W) {
        const Index lanes = n - i < W ? n - i : W;
        Vec<T> s = load(sums + i);
        if (!first) s = loadn(c + i, lanes) + s;
        if (bias != nullptr) s = s + loadn(bias + i, lanes);
        storen(c + i, s, lanes);
    }
}

// Columns at once, and from one row's sums to the next's: no power of two, or the rows would share a cache set.
template <class T>
inline constexpr Index kStreamCols = kStreamBytes / Index(sizeof(T));
template <class T>
inline constexpr Index kStreamLd = kStreamCols<T> + Vec<T>::W;

// Up to kRows rows of C, chunk by chunk: add(count, sums, q, b, n) adds to the sums what `count` rows of B give, from
// row q on, of which b is the first one's part.
template <class T, Index kRows, class Add>
DS_INLINE void stream_chunks(const GemmArgs<T>& g, const Add& add) {
    constexpr Index W = Vec<T>::W, ld = kStreamLd<T>;
    const Index m = kRows == 1 ? 1 : g.m;
    alignas(64) T sums[kRows * ld];
    for (Index j = 0; j < g.n; j += kStreamCols<T>) {
        const Index n = g.n - j < kStreamCols<T> ? g.n - j : kStreamCols<T>;
        bool first = !g.accumulate;
        for (Index p = 0; p < g.k || p == 0; p += kSumChunk) {
            const Index end = g.k - p < kSumChunk ? g.k : p + kSumChunk;
            for (Index i = 0; i < m; ++i)
                for (Index l = 0; l < n; l += W) store(sums + i * ld + l, zero<T>());
            const T* b = g.b + p * g.ldb + j;
            Index q = p;
            for (; q + kStreams <= end; q += kStreams, b += kStreams * g.ldb)
                add(std::integral_constant<int, kStreams>(), sums, q, b, n);
            for (; q < end; ++q, b += g.ldb) add(std::integral_constant<int, 1>(), sums, q, b, n);
            const T* bias = end == g.k && g.bias != nullptr ? g.bias + j : nullptr;
            for (Index i = 0; i < m; ++i) finish_row(g.c + i * g.ldc + j, sums + i * ld, n, first, bias);
            first = false;
        }
    }
}

template <class T, bool kTransposed>
DS_INLINE void stream_row(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    const Index a_step = kTransposed ? g.lda : 1;
    stream_chunks<T, 1>(
        g, [&](auto count, T* sums, Index q, const T* b, Index n) __attribute__((always_inline)) {
            add_rows<T, decltype(count)::value>(sums, g.a + q * a_step, a_step, b, g.ldb, n);
        });
}

template <class T>
DS_INLINE void stream_rows(const GemmArgs<T>& g) {
    stream_chunks<T, kStreamRows>(
        g, [&](auto count, T* sums, Index q, const T* b, Index n) __attribute__((always_inline)) {
            add_to_rows<T, decltype(count)::value>(sums, kStreamLd<T>, g.m, g.a + q, g.lda, b, g.ldb, n);
        });
}

DS_ISA_END
