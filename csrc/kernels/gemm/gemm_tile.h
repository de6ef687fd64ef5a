// The register tile (BLIS's microkernel): R rows by V registers of C, held in R·V accumulators through one
// chunk of k. A product spends nearly all of its time in the loop of tile(). Columns of C are the lanes, so
// the order of a sum does not depend on the width of a register.
//
// Shapes follow measurements on Zen 4 and on Intel's server cores. They need at least 8 accumulators and at
// most R·V loads for R + V operands. 24 of 32 registers are accumulators (12 of 16 on AVX2); B and the
// broadcasts of A use the rest.
#pragma once
#include "core/types.h"
#include "simd/vec.h"

DS_ISA_BEGIN

// A larger operand is not in the L2 cache.
inline constexpr Index kL2Bytes = Index(3) << 19;

// Cache lines of a matrix that a tile prefetches into the L2 cache. Every step, one per cache line of k,
// prefetches the same number of lines. All lines at once would delay the tile's own loads, and so would an
// unpredictable branch.
template <class T>
struct PrefetchRows {
    static constexpr Index kLine = 64 / Index(sizeof(T));
    const T* p = nullptr;
    Index pair_stride = 0;  // from one pair of lines to the next
    Index second = 0;       // from the first line of a pair to the second
    Index step_stride = 0;  // from one step to the next
    int pairs = 0;          // per step

    DS_INLINE void issue() {
        const T* line = p;
        for (int i = 0; i < pairs; ++i) {
            __builtin_prefetch(line, 0, 2);
            __builtin_prefetch(line + second, 0, 2);
            line += pair_stride;
        }
        p += step_stride;
    }
};

// PrefetchRows for `tiles` consecutive tiles, tile_stride elements apart.
template <class T>
struct PrefetchPerTile {
    PrefetchRows<T> lines = {};
    Index tile_stride = 0, tiles = 0;

    DS_INLINE PrefetchRows<T> take() {
        if (tiles <= 0) return {};
        --tiles;
        const PrefetchRows<T> current = lines;
        lines.p += tile_stride;
        return current;
    }
};

// The part of a PrefetchHint that one tile prefetches: `count` lines of each array per step.
template <class T>
struct PrefetchHintLines {
    const T* p[3] = {};
    Index count = 0;

    DS_INLINE void issue() {
        for (Index i = 0; i < count; ++i)
            for (const T*& line : p) {
                __builtin_prefetch(line, 0, 2);
                line += PrefetchRows<T>::kLine;
            }
    }
};

// Everything that one tile prefetches.
template <class T>
struct TilePrefetch {
    PrefetchRows<T> a = {}, b = {};
    PrefetchHintLines<T> hint = {};

    DS_INLINE void issue() {
        if (a.pairs > 0) a.issue();
        if (b.pairs > 0) b.issue();
        if (hint.count > 0) hint.issue();
    }
};

// The options of a tile.
template <class T>
struct TileOptions {
    const T* bias = nullptr;      // of this tile's first column; null before the last chunk
    bool overwrite = true;        // C = sums; else C += sums
    bool prefetch_own_b = false;  // prefetch rows of B that this tile reads later: B exceeds the L2 cache
};

// p, in a form that the compiler cannot express as base + i * stride. These expressions need a register for
// each i, which causes spills.
template <class P>
DS_INLINE P opaque(P p) {
    asm("" : "+r"(p));
    return p;
}

// A count of lanes from which the mask is computed again at each use. On AVX2 no register is left for the
// mask.
DS_INLINE Index rematerialized(Index n) {
#if defined(DS_ISA_AVX2)
    asm("" : "+r"(n));
#endif
    return n;
}

// c += a·b, rounded once. The assembler form overwrites the sum. gcc 12 often chooses the form that
// overwrites a factor, and then runs out of registers.
template <class T>
DS_INLINE void accumulate(Vec<T>& c, Vec<T> a, Vec<T> b) {
#if defined(DS_ISA_AVX512) || defined(DS_ISA_AVX2)
    if constexpr (sizeof(T) == 4)
        asm("vfmadd231ps %2, %1, %0" : "+v"(c.r) : "v"(a.r), "v"(b.r));  // "v": any vector register
    else
        asm("vfmadd231pd %2, %1, %0" : "+v"(c.r) : "v"(a.r), "v"(b.r));
#else
    c = fma(a, b, c);
#endif
}

// The elements of A that a tile broadcasts. A row-major A needs one pointer for every three rows (p, p + ld,
// p + 2·ld). A transposed or packed A needs one pointer in all.
template <class T, int R, bool kTransposed>
struct ABroadcasts {
    static constexpr int kGroups = (R + 2) / 3;
    const T* p[kGroups];
    Index bytes, twice;

    DS_INLINE ABroadcasts(const T* a, Index lda)
        : bytes(opaque(lda * Index(sizeof(T)))), twice(opaque(2 * bytes)) {
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
            p[g] = a;
            if (g + 1 < kGroups) a = opaque(a + 3 * lda);
        }
    }
    DS_INLINE T at(int i, int k) const {
        const char* q = (const char*)(p[i / 3] + k);
        return *(const T*)(i % 3 == 0 ? q : i % 3 == 1 ? q + bytes : q + twice);
    }
    DS_INLINE void next_k() {}
    DS_INLINE void advance(int k) {
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) p[g] += k;
    }
};

template <class T, int R>
struct ABroadcasts<T, R, true> {
    const T* p;
    Index ld;

    DS_INLINE ABroadcasts(const T* a, Index lda) : p(a), ld(lda) {}
    DS_INLINE T at(int i, int) const { return p[i]; }
    DS_INLINE void next_k() { p = opaque(p + ld); }
    DS_INLINE void advance(int) {}
};

// One tile of C over a chunk of k: R rows by V registers of columns. With kTail only the first tail_lanes
// lanes of the last register belong to C. A micropanel of B is P registers wide; the next one begins
// panel_stride elements later.
template <class T, int R, int V, int P, bool kTransposed, bool kTail, bool kPrefetch = false>
DS_INLINE void tile(const T* a, Index lda, const T* b, Index ldb, Index panel_stride, Index k, T* c,
                    Index ldc, Index tail_lanes, TileOptions<T> options, TilePrefetch<T> prefetch = {}) {
    constexpr int W = Vec<T>::W, kLine = 64 / int(sizeof(T));
    constexpr Index kPrefetchDistance = 24;  // rows of B; after the last row, the next tile's
    const auto load_v = [tail_lanes](const T* p, int v) DS_LAMBDA {
        return kTail && v == V - 1 ? loadn(p, rematerialized(tail_lanes)) : load(p);
    };
    const auto load_b = [=](const T* p, int v)
                            DS_LAMBDA { return load_v(p + v / P * panel_stride + v % P * W, v); };
    Vec<T> acc[R][V];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) acc[i][v] = zero<T>();
    }
    ABroadcasts<T, R, kTransposed> rows(a, lda);
    const auto add_step = [&](int q) DS_LAMBDA {
        if constexpr (R <= 2) {  // few rows: a register of B is not kept after its use
            Vec<T> ai[R];
#pragma GCC unroll 2
            for (int i = 0; i < R; ++i) ai[i] = set1<T>(rows.at(i, q));
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) {
                const Vec<T> bv = load_b(b, v);
#pragma GCC unroll 2
                for (int i = 0; i < R; ++i) accumulate(acc[i][v], ai[i], bv);
            }
        } else {
            Vec<T> bv[V];
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) bv[v] = load_b(b, v);
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) {
                const Vec<T> ai = set1<T>(rows.at(i, q));
#pragma GCC unroll 16
                for (int v = 0; v < V; ++v) accumulate(acc[i][v], ai, bv[v]);
            }
        }
        b = opaque(b + ldb);
        rows.next_k();
    };
    constexpr int kUnroll = 4;
    Index left = k;
    T *ci = c, *const last_row = c + (R - 1) * ldc;
    for (; left >= kUnroll; left -= kUnroll) {
        if (!kTail && options.prefetch_own_b) {
            const T* next = b + kPrefetchDistance * ldb + (left > kPrefetchDistance ? 0 : V * W - k * ldb);
#pragma GCC unroll 4
            for (int q = 0; q < kUnroll; ++q) {
#pragma GCC unroll 16
                for (int v = 0; v < V; ++v) __builtin_prefetch(next + v * W);
                next = opaque(next + ldb);
            }
        }
        if (!kTail && left % kLine == 0) {
            if constexpr (kPrefetch) prefetch.issue();
            for (int q = 0; q < V * W; q += kLine) __builtin_prefetch(ci + q, 1, 2);
            ci = ci == last_row ? ci : ci + ldc;
        }
#pragma GCC unroll 8
        for (int q = 0; q < kUnroll; ++q) {
            add_step(q);
        }
        rows.advance(kUnroll);
    }
    for (; left > 0; --left) {
        add_step(0);
        rows.advance(1);
    }
    if (!options.overwrite) {
        ci = c;
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) {
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) acc[i][v] = load_v(ci + v * W, v) + acc[i][v];
            ci = opaque(ci + ldc);
        }
    }
    if (options.bias != nullptr) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            const Vec<T> bias = load_v(options.bias + v * W, v);
#pragma GCC unroll 16
            for (int i = 0; i < R; ++i) acc[i][v] = acc[i][v] + bias;
        }
    }
    ci = c;
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            if (kTail && v == V - 1)
                storen(ci + v * W, acc[i][v], tail_lanes);
            else
                store(ci + v * W, acc[i][v]);
        }
        ci = opaque(ci + ldc);
    }
}

DS_ISA_END
