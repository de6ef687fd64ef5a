// Products with fewer columns than a register has lanes. Rows of C are the lanes, so that no lane is idle. A
// row-major A is transposed in registers as it is read. Each element of B is broadcast once for a register of
// rows. The bits are those of the tiles. These functions do not apply the epilogue.
#pragma once
#include "kernels/gemm/gemm_pack.h"
#include "kernels/gemm/gemm_table.h"
#include "kernels/gemm/gemm_tile.h"
#include "simd/rotate_lanes.h"

DS_ISA_BEGIN

#if defined(DS_ISA_AVX512) || defined(DS_ISA_NEON)
inline constexpr int kSmallNAccumulators = 12;
#else
inline constexpr int kSmallNAccumulators = 6;
#endif

// The sums of R columns and V registers of rows.
template <class T, int R, int V>
struct SmallNSums {
    Vec<T> acc[R][V];

    DS_INLINE SmallNSums() {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) acc[j][v] = zero<T>();
        }
    }
    // Adds the products for one value of k: an element of each row, and a row of B.
    DS_INLINE void add(const Vec<T>* rows, const T* b) {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
            const Vec<T> x = set1<T>(b[j]);
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) accumulate(acc[j][v], x, rows[v]);
        }
    }
    // Overwrites dst[j][i] with the sums, or adds them to it.
    DS_INLINE void store_to(T* dst, bool overwrite) const {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v, dst += Vec<T>::W)
                store(dst, overwrite ? acc[j][v] : load(dst) + acc[j][v]);
        }
    }
};

// One chunk for V registers of rows of a transposed A.
template <class T, int R, int V>
DS_INLINE void small_n_rows_transposed(T* total, const T* a, Index lda, const T* b, Index ldb, Index k,
                                       bool overwrite) {
    SmallNSums<T, R, V> sums;
    const auto step = [&]() DS_LAMBDA {
        Vec<T> rows[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) rows[v] = load(a + v * Vec<T>::W);
        sums.add(rows, b);
        a = opaque(a + lda);
        b = opaque(b + ldb);
    };
    for (; k >= 4; k -= 4) {
#pragma GCC unroll 4
        for (int q = 0; q < 4; ++q) step();
    }
    for (; k > 0; --k) step();
    sums.store_to(total, overwrite);
}

// Loads the last `left` columns of a chunk, fewer than one transpose reads. The first columns of `rest` are
// done already.
template <class T>
[[gnu::noinline]] void load_rest(WideTranspose<T>* rest, const T* a, Index lda, Index left) {
    rest->load(a - (WideTranspose<T>::kCols - left), lda);
}

// Prefetches the next register of rows into the L2 cache while the current one is read. Each load prefetches
// whole cache lines of some of the rows.
template <class T>
struct PrefetchNextRows {
    static constexpr Index kLine = 64 / Index(sizeof(T)), kLoadsPerLine = kLine / WideTranspose<T>::kCols;
    static constexpr int kRowsPerLoad = WideTranspose<T>::kRows / int(kLoadsPerLine);
    const T *p = nullptr, *line = nullptr;
    Index ld = 0;
    int loads = 0;

    PrefetchNextRows(const T* rows, Index stride) : p(rows), line(rows), ld(stride) {}
    DS_INLINE void issue() {
#pragma GCC unroll 16
        for (int r = 0; r < kRowsPerLoad; ++r, line += ld) __builtin_prefetch(line, 0, 2);
        if (++loads < kLoadsPerLine) return;
        loads = 0;
        line = p += kLine;
    }
};
struct NoPrefetch {
    DS_INLINE void issue() {}
};

// One chunk for one register of rows of a row-major A. On AVX-512, which has registers for it, the next
// columns are transposed before the current ones are multiplied. Otherwise waiting multiplications would fill
// the scheduler.
template <class T, int R, class Prefetch>
DS_INLINE void small_n_rows_row_major(T* total, const T* a, Index lda, const T* b, Index ldb, Index k,
                                      bool overwrite, Prefetch& prefetch) {
    constexpr int N = WideTranspose<T>::kCols;
    SmallNSums<T, R, 1> sums;
    const auto add = [&](const WideTranspose<T>& t) DS_LAMBDA {
        prefetch.issue();
#pragma GCC unroll 8
        for (int c = 0; c < N; ++c) {
            sums.add(t.col + c, b);
            b = opaque(b + ldb);
        }
    };
    WideTranspose<T> current;
#if defined(DS_ISA_AVX512)
    if (k >= N) {
        current.load(a, lda);
        for (;;) {
            a = opaque(a + N);
            k -= N;
            WideTranspose<T> next;
            if (k >= N) next.load(a, lda);
            add(current);
            if (k < N) break;
            current = next;
        }
    }
#else
    for (; k >= N; k -= N) {
        current.load(a, lda);
        a = opaque(a + N);
        add(current);
    }
#endif
    if (k > 0) {
        WideTranspose<T> rest;
        load_rest(&rest, a, lda, k);
        for (Index c = N - k; c < N; ++c) {
            sums.add(rest.col + c, b);
            b = opaque(b + ldb);
        }
    }
    sums.store_to(total, overwrite);
}

// total[j][i] = c[i][j] for `rows` rows and n columns.
template <class T>
[[gnu::noinline]] void load_transposed(T* total, const T* c, Index ldc, Index rows, Index n) {
    transpose_into(total, rows, c, ldc, rows, n);
}

// c[i][j] = total[j][i] + bias[j] for i >= skip.
template <class T>
[[gnu::noinline]] void store_transposed(T* c, Index ldc, T* total, Index rows, Index n, Index skip,
                                        const T* bias) {
    if (bias != nullptr)
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < rows; ++i) total[j * rows + i] = total[j * rows + i] + bias[j];
    transpose_into(c + skip * ldc, ldc, total + skip, rows, n, rows - skip);
}

// V registers of rows, from `row` on. The first `skip` rows of them are done already and are not stored.
template <class T, int R, int V, bool kTransposed, class Prefetch = NoPrefetch>
DS_INLINE void small_n_rows(const GemmArgs<T>& g, Index row, Index skip, Prefetch prefetch = {}) {
    constexpr Index kRows = V * Vec<T>::W;
    alignas(64) T total[R * kRows];
    T* c = g.c + row * g.ldc;
    const T *a = g.a + row * (kTransposed ? 1 : g.lda), *b = g.b;
    bool overwrite = !g.accumulate;
    if (!overwrite) load_transposed(total, c, g.ldc, kRows, Index(R));
    for (Index left = g.k; left > 0; left -= kKC) {
        const Index k = left < kKC ? left : kKC;
        if constexpr (kTransposed)
            small_n_rows_transposed<T, R, V>(total, a, g.lda, b, g.ldb, k, overwrite);
        else
            small_n_rows_row_major<T, R>(total, a, g.lda, b, g.ldb, k, overwrite, prefetch);
        overwrite = false;
        a += k * (kTransposed ? g.lda : 1);
        b += k * g.ldb;
    }
    store_transposed(c, g.ldc, total, kRows, Index(R), skip, g.bias);
}

// R columns, and at least a register of rows. The last register may overlap rows that are done already.
template <class T, int R, bool kTransposed>
void small_n_columns(const GemmArgs<T>& g) {
    constexpr int W = Vec<T>::W;
    Index i = 0;
    if constexpr (kTransposed) {
        constexpr int V = R <= 2 ? 4 : 2;  // enough independent sums to hide latency
        for (; i + V * W <= g.m; i += V * W) small_n_rows<T, R, V, true>(g, i, 0);
    }
    if constexpr (!kTransposed) {
        if (g.m * g.lda * Index(sizeof(T)) > kL2Bytes)
            for (; i + 2 * W <= g.m; i += W)
                small_n_rows<T, R, 1, false>(g, i, 0, PrefetchNextRows<T>(g.a + (i + W) * g.lda, g.lda));
    }
    for (; i < g.m; i += W) {
        const Index row = i + W <= g.m ? i : g.m - W;
        small_n_rows<T, R, 1, kTransposed>(g, row, i - row);
    }
}

// Most columns: fewer than lanes, and few enough to leave registers for the transposed rows.
template <class T>
inline constexpr int kSmallNMax = Vec<T>::W - 1 < kSmallNAccumulators ? Vec<T>::W - 1 : kSmallNAccumulators;

// kTable[n - 2] computes n columns.
template <class T, bool kTransposed>
struct SmallN {
    template <int R>
    static constexpr void (*of())(const GemmArgs<T>&) {
        if constexpr (R <= kSmallNMax<T>)
            return small_n_columns<T, R, kTransposed>;
        else
            return nullptr;
    }
    static constexpr void (*kTable[11])(const GemmArgs<T>&) = {
        of<2>(), of<3>(), of<4>(), of<5>(), of<6>(), of<7>(), of<8>(), of<9>(), of<10>(), of<11>(), of<12>()};
};

DS_ISA_END
