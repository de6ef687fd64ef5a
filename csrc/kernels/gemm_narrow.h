// Products with fewer columns than a register has lanes: rows of C are the lanes here, so that none is idle.
// A is turned in registers as it is read (A transposed lies that way already), and each element of B is one
// broadcast for a register of rows. The bits are the tiles'. No epilogue.
#pragma once
#include "kernels/gemm_pack.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "simd/turn.h"

DS_ISA_BEGIN

#if defined(DS_ISA_AVX512) || defined(DS_ISA_NEON)
inline constexpr int kNarrowSums = 12;
#else
inline constexpr int kNarrowSums = 6;
#endif

// Sums for R columns of V registers of rows.
template <class T, int R, int V>
struct NarrowSums {
    Vec<T> acc[R][V];

    DS_INLINE NarrowSums() {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) acc[j][v] = zero<T>();
        }
    }
    // One k: the elements of the rows, and B's row.
    DS_INLINE void add(const Vec<T>* rows, const T* b) {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
            const Vec<T> x = set1<T>(b[j]);
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) accumulate(acc[j][v], x, rows[v]);
        }
    }
    // to[j][i], after what is there unless `first`.
    DS_INLINE void store_to(T* to, bool first) const {
#pragma GCC unroll 16
        for (int j = 0; j < R; ++j) {
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v, to += Vec<T>::W) store(to, first ? acc[j][v] : load(to) + acc[j][v]);
        }
    }
};

// One chunk of k's for V registers of rows that lie along k: A transposed.
template <class T, int R, int V>
DS_INLINE void narrow_rows_lying(T* total, const T* a, Index lda, const T* b, Index ldb, Index k,
                                 bool first) {
    NarrowSums<T, R, V> sums;
    const auto step = [&]() __attribute__((always_inline)) {
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
    sums.store_to(total, first);
}

// The last elements of k, fewer than are turned at once: with those before them, which are done already.
template <class T>
[[gnu::noinline]] void turn_rest(Turned<T>* to, const T* a, Index lda, Index left) {
    to->load(a - (Turned<T>::kCols - left), lda);
}

// The next register of rows, asked for into the second-level cache as far as this one is read: a turn of each at a
// time, which is whole lines of some.
template <class T>
struct RowsAhead {
    static constexpr Index kLine = 64 / Index(sizeof(T)), kTurns = kLine / Turned<T>::kCols;
    static constexpr int kEach = Turned<T>::kRows / int(kTurns);
    const T *p = nullptr, *line = nullptr;
    Index ld = 0;
    int turn = 0;

    RowsAhead(const T* rows, Index stride) : p(rows), line(rows), ld(stride) {}
    DS_INLINE void fetch() {
#pragma GCC unroll 16
        for (int r = 0; r < kEach; ++r, line += ld) __builtin_prefetch(line, 0, 2);
        if (++turn < kTurns) return;
        turn = 0;
        line = p += kLine;
    }
};
struct NothingAhead {
    DS_INLINE void fetch() {}
};

// The same for one register of rows that lie across k; a last chunk may be short. The next elements are
// turned before the last ones are multiplied, if there are registers for it: so multiplications do not fill
// the queue while they wait.
template <class T, int R, class A>
DS_INLINE void narrow_rows_turned(T* total, const T* a, Index lda, const T* b, Index ldb, Index k, bool first,
                                  A& ahead) {
    constexpr int N = Turned<T>::kCols;
    NarrowSums<T, R, 1> sums;
    const auto add = [&](const Turned<T>& t) __attribute__((always_inline)) {
        ahead.fetch();
#pragma GCC unroll 8
        for (int c = 0; c < N; ++c) {
            sums.add(t.col + c, b);
            b = opaque(b + ldb);
        }
    };
    Turned<T> now;
#if defined(DS_ISA_AVX512)
    if (k >= N) {
        now.load(a, lda);
        for (;;) {
            a = opaque(a + N);
            k -= N;
            Turned<T> next;
            if (k >= N) next.load(a, lda);
            add(now);
            if (k < N) break;
            now = next;
        }
    }
#else
    for (; k >= N; k -= N) {
        now.load(a, lda);
        a = opaque(a + N);
        add(now);
    }
#endif
    if (k > 0) {
        Turned<T> rest;
        turn_rest(&rest, a, lda, k);
        for (Index c = N - k; c < N; ++c) {
            sums.add(rest.col + c, b);
            b = opaque(b + ldb);
        }
    }
    sums.store_to(total, first);
}

// total[j][i] = c[i][j] for `rows` rows and n columns.
template <class T>
[[gnu::noinline]] void narrow_fetch(T* total, const T* c, Index ldc, Index rows, Index n) {
    transpose_into(total, rows, c, ldc, rows, n);
}

// c[i][j] = total[j][i] + bias[j], without the first `skip` rows.
template <class T>
[[gnu::noinline]] void narrow_put(T* c, Index ldc, T* total, Index rows, Index n, Index skip, const T* bias) {
    if (bias != nullptr)
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < rows; ++i) total[j * rows + i] = total[j * rows + i] + bias[j];
    transpose_into(c + skip * ldc, ldc, total + skip, rows, n, rows - skip);
}

// Rows from + skip on of V registers of rows from `from` on; those skipped are done.
template <class T, int R, int V, bool kTransposed, class A = NothingAhead>
DS_INLINE void narrow_rows(const GemmArgs<T>& g, Index from, Index skip, A ahead = {}) {
    constexpr Index kRows = V * Vec<T>::W;
    alignas(64) T total[R * kRows];
    T* c = g.c + from * g.ldc;
    const T *a = g.a + from * (kTransposed ? 1 : g.lda), *b = g.b;
    bool first = !g.accumulate;
    if (!first) narrow_fetch(total, c, g.ldc, kRows, Index(R));
    for (Index left = g.k; left > 0; left -= kSumChunk) {
        const Index k = left < kSumChunk ? left : kSumChunk;
        if constexpr (kTransposed)
            narrow_rows_lying<T, R, V>(total, a, g.lda, b, g.ldb, k, first);
        else
            narrow_rows_turned<T, R>(total, a, g.lda, b, g.ldb, k, first, ahead);
        first = false;
        a += k * (kTransposed ? g.lda : 1);
        b += k * g.ldb;
    }
    narrow_put(c, g.ldc, total, kRows, Index(R), skip, g.bias);
}

// R columns, at least a register of rows; the last one reaches back over rows that are done.
template <class T, int R, bool kTransposed>
void narrow_columns(const GemmArgs<T>& g) {
    constexpr int W = Vec<T>::W;
    Index i = 0;
    if constexpr (kTransposed) {
        constexpr int V = R <= 2 ? 4 : 2;  // enough sums side by side
        for (; i + V * W <= g.m; i += V * W) narrow_rows<T, R, V, true>(g, i, 0);
    }
    if constexpr (!kTransposed) {
        if (g.m * g.lda * Index(sizeof(T)) > kFar)
            for (; i + 2 * W <= g.m; i += W)
                narrow_rows<T, R, 1, false>(g, i, 0, RowsAhead<T>(g.a + (i + W) * g.lda, g.lda));
    }
    for (; i < g.m; i += W) {
        const Index from = i + W <= g.m ? i : g.m - W;
        narrow_rows<T, R, 1, kTransposed>(g, from, i - from);
    }
}

// Most columns: fewer than lanes, and as many as leave registers for what is turned.
template <class T>
inline constexpr int kNarrow = Vec<T>::W - 1 < kNarrowSums ? Vec<T>::W - 1 : kNarrowSums;

// kTable[n - 2] does n columns.
template <class T, bool kTransposed>
struct Narrow {
    template <int R>
    static constexpr void (*of())(const GemmArgs<T>&) {
        if constexpr (R <= kNarrow<T>)
            return narrow_columns<T, R, kTransposed>;
        else
            return nullptr;
    }
    static constexpr void (*kTable[11])(const GemmArgs<T>&) = {
        of<2>(), of<3>(), of<4>(), of<5>(), of<6>(), of<7>(), of<8>(), of<9>(), of<10>(), of<11>(), of<12>()};
};

DS_ISA_END
