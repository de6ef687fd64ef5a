// One row, or a few rows, times a matrix B that exceeds the L1 cache: c = a · B. Eight rows of B are read at
// a time, each as a long run of memory, which the hardware prefetcher follows. The sums stay in the L1 cache.
// The tiles of gemm_tile.h keep the sums in registers and step from row to row of B, which no prefetcher
// follows. The bits are equal. These functions do not apply the epilogue.
#pragma once
#include <type_traits>

#include "kernels/gemm/gemm_table.h"
#include "simd/vec.h"

DS_ISA_BEGIN

inline constexpr int kStreams = 8;                     // rows of B that are read together
inline constexpr Index kStreamBytes = Index(1) << 12;  // of the sums, and of each run of memory

// sums += a[0]·B[0] + … + a[R - 1]·B[R - 1], in this order.
template <class T, int R>
DS_INLINE void add_rows(T* sums, const T* a, Index a_stride, const T* b, Index ldb, Index n) {
    constexpr Index W = Vec<T>::W;
    Vec<T> x[R];
    const T* row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
        x[r] = set1<T>(a[r * a_stride]);
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
    Vec<T> s = load(sums + j);  // the buffer of sums is padded to whole registers
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) s = fma(x[r], loadn(row[r] + j, n - j), s);
    store(sums + j, s);
}

// sums[i] += a[i][0]·B[0] + … + a[i][R - 1]·B[R - 1], in this order, for m rows of sums that are ld apart. B
// is read once for all rows.
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
        T* dst = sums + j;
        const T* factors = a;
        for (Index i = 0; i < m; ++i, dst += ld, factors += lda) {
            Vec<T> s = load(dst);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) s = fma(Vec<T>(factors[r]), x[r], s);
            store(dst, s);
        }
    }
}

// Overwrites a row of C with a chunk's sums, or adds them to it, and then adds the bias unless it is null.
template <class T>
DS_INLINE void store_row(T* c, const T* sums, Index n, bool overwrite, const T* bias) {
    constexpr Index W = Vec<T>::W;
    for (Index i = 0; i < n; i += W) {
        const Index lanes = n - i < W ? n - i : W;
        Vec<T> s = load(sums + i);
        if (!overwrite) s = loadn(c + i, lanes) + s;
        if (bias != nullptr) s = s + loadn(bias + i, lanes);
        storen(c + i, s, lanes);
    }
}

// Columns per pass, and the stride between rows of sums. The stride is no power of two: rows would share a
// cache set.
template <class T>
inline constexpr Index kStreamCols = kStreamBytes / Index(sizeof(T));
template <class T>
inline constexpr Index kStreamLd = kStreamCols<T> + Vec<T>::W;

// Up to kRows rows of C, chunk by chunk. add(count, sums, k, b, n) adds to the sums the products with `count`
// rows of B, from row k on; b points into row k.
template <class T, Index kRows, class Add>
DS_INLINE void stream_chunks(const GemmArgs<T>& g, const Add& add) {
    constexpr Index W = Vec<T>::W, ld = kStreamLd<T>;
    const Index m = kRows == 1 ? 1 : g.m;
    alignas(64) T sums[kRows * ld];
    for (Index j = 0; j < g.n; j += kStreamCols<T>) {
        const Index n = g.n - j < kStreamCols<T> ? g.n - j : kStreamCols<T>;
        bool overwrite = !g.accumulate;
        for (Index pc = 0; pc < g.k || pc == 0; pc += kKC) {
            const Index end = g.k - pc < kKC ? g.k : pc + kKC;
            for (Index i = 0; i < m; ++i)
                for (Index l = 0; l < n; l += W) store(sums + i * ld + l, zero<T>());
            const T* b = g.b + pc * g.ldb + j;
            Index k = pc;
            for (; k + kStreams <= end; k += kStreams, b += kStreams * g.ldb)
                add(std::integral_constant<int, kStreams>(), sums, k, b, n);
            for (; k < end; ++k, b += g.ldb) add(std::integral_constant<int, 1>(), sums, k, b, n);
            const T* bias = end == g.k && g.bias != nullptr ? g.bias + j : nullptr;
            for (Index i = 0; i < m; ++i) store_row(g.c + i * g.ldc + j, sums + i * ld, n, overwrite, bias);
            overwrite = false;
        }
    }
}

template <class T, bool kTransposed>
DS_INLINE void stream_row(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    const Index a_stride = kTransposed ? g.lda : 1;
    stream_chunks<T, 1>(g, [&](auto count, T* sums, Index k, const T* b, Index n) DS_LAMBDA {
        add_rows<T, decltype(count)::value>(sums, g.a + k * a_stride, a_stride, b, g.ldb, n);
    });
}

template <class T>
DS_INLINE void stream_rows(const GemmArgs<T>& g) {
    stream_chunks<T, kStreamMaxRows>(g, [&](auto count, T* sums, Index k, const T* b, Index n) DS_LAMBDA {
        add_to_rows<T, decltype(count)::value>(sums, kStreamLd<T>, g.m, g.a + k, g.lda, b, g.ldb, n);
    });
}

DS_ISA_END
