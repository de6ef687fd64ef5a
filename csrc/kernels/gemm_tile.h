// The register tile: R rows by V registers of C, held in R·V accumulators through one chunk of k. Everything
// a product costs happens in the loop of tile(); the rest of the matmul only feeds it. Columns are the lanes,
// so a sum's order never depends on the width. Shapes: shared measurements of Zen 4 and of Intel's server
// cores ask for 8 or more accumulators and for R + V loads <= R·V multiplications; 24 accumulators of 32
// registers (12 of 16) leave room for B and the broadcasts of A.
#pragma once
#include "core/types.h"
#include "simd/vec.h"

DS_ISA_BEGIN

// An operand of more bytes than this is not in the second-level cache.
inline constexpr Index kFar = Index(3) << 19;

// Lines of a matrix to ask for, into the second-level cache, while a tile is computed: the same few for every
// line's worth of k, since all at once would hold up the loads of the tile itself, and a branch that is not
// foreseen would too.
template <class T>
struct Ahead {
    static constexpr Index kLine = 64 / Index(sizeof(T));
    const T* p = nullptr;
    Index ld = 0, second = 0, step = 0;  // from pair to pair, within a pair, from batch to batch
    int pairs = 0;                       // a batch

    DS_INLINE void fetch() {
        const T* line = p;
        for (int i = 0; i < pairs; ++i) {
            __builtin_prefetch(line, 0, 2);
            __builtin_prefetch(line + second, 0, 2);
            line += ld;
        }
        p += step;
    }
};

// The same for `tiles` tiles that follow each other: from what one asks for to what the next one does.
template <class T>
struct AheadByTile {
    Ahead<T> lines = {};
    Index step = 0, tiles = 0;

    DS_INLINE Ahead<T> take() {
        if (tiles <= 0) return {};
        --tiles;
        const Ahead<T> now = lines;
        lines.p += step;
        return now;
    }
};

// Lines of what is wanted after the product, so many of each array a batch.
template <class T>
struct WantedLines {
    const T* p[3] = {};
    Index count = 0;

    DS_INLINE void fetch() {
        for (Index i = 0; i < count; ++i)
            for (const T*& line : p) {
                __builtin_prefetch(line, 0, 2);
                line += Ahead<T>::kLine;
            }
    }
};

// What a tile asks for.
template <class T>
struct TileAsks {
    Ahead<T> a = {}, b = {};
    WantedLines<T> wanted = {};

    DS_INLINE void fetch() {
        if (a.pairs > 0) a.fetch();
        if (b.pairs > 0) b.fetch();
        if (wanted.count > 0) wanted.fetch();
    }
};

// What a tile has besides its operands.
template <class T>
struct TileEnd {
    const T* bias = nullptr;  // of this tile's first column; null before the last chunk
    bool first = true;        // overwrite C, else add to it
    bool fetch_b = false;     // B comes from beyond the second-level cache: ask for its rows ahead of time
};

// Keeps the compiler from folding a pointer back into base + i * stride for every i, which costs it registers
// and then spills.
template <class P>
DS_INLINE P opaque(P p) {
    asm("" : "+r"(p));
    return p;
}

// A count of lanes, to be made into a mask again where it is used: AVX2 has no register left to keep the mask
// in.
DS_INLINE Index reread(Index n) {
#if defined(DS_ISA_AVX2)
    asm("" : "+r"(n));
#endif
    return n;
}

// c += a·b, rounded once. gcc 12 chooses the form of the instruction that overwrites a factor as readily as
// the one that overwrites the sum, and then runs out of registers; here the sum stays in its register.
template <class T>
DS_INLINE void accumulate(Vec<T>& c, Vec<T> a, Vec<T> b) {
#if defined(DS_ISA_AVX512) || defined(DS_ISA_AVX2)
    if constexpr (sizeof(T) == 4)
        asm("vfmadd231ps %2, %1, %0" : "+v"(c.r) : "v"(a.r), "v"(b.r));  // "v": any vector register there is
    else
        asm("vfmadd231pd %2, %1, %0" : "+v"(c.r) : "v"(a.r), "v"(b.r));
#else
    c = fma(a, b, c);
#endif
}

// The rows of A below a tile as broadcasts. Row-major A needs a pointer for every three rows (p, p + ld, p +
// 2·ld), transposed or packed A one pointer in all.
template <class T, int R, bool kTransposed>
struct TileRows {
    static constexpr int kGroups = (R + 2) / 3;
    const T* p[kGroups];
    Index bytes, twice;

    DS_INLINE TileRows(const T* a, Index lda)
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
    DS_INLINE void step() {}
    DS_INLINE void advance(int k) {
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) p[g] += k;
    }
};

template <class T, int R>
struct TileRows<T, R, true> {
    const T* p;
    Index ld;

    DS_INLINE TileRows(const T* a, Index lda) : p(a), ld(lda) {}
    DS_INLINE T at(int i, int) const { return p[i]; }
    DS_INLINE void step() { p = opaque(p + ld); }
    DS_INLINE void advance(int) {}
};

// C (R rows, V registers of columns, the last of them only `last` lanes wide when kTail) from one chunk of k.
// P of B's registers lie side by side, the next P of them next_panel further on.
template <class T, int R, int V, int P, bool kTransposed, bool kTail, bool kAsks = false>
DS_INLINE void tile(const T* a, Index lda, const T* b, Index ldb, Index next_panel, Index k, T* c, Index ldc,
                    Index last, TileEnd<T> end, TileAsks<T> asks = {}) {
    constexpr int W = Vec<T>::W, kLine = 64 / int(sizeof(T));
    constexpr Index kAheadB = 24;  // rows; after the last ones come the columns of the next tile
    const auto load_v = [last](const T* p, int v) __attribute__((always_inline)) {
        return kTail && v == V - 1 ? loadn(p, reread(last)) : load(p);
    };
    const auto load_b = [=](const T* p, int v) __attribute__((always_inline)) {
        return load_v(p + v / P * next_panel + v % P * W, v);
    };
    Vec<T> acc[R][V];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) acc[i][v] = zero<T>();
    }
    TileRows<T, R, kTransposed> rows(a, lda);
    const auto step = [&](int q) __attribute__((always_inline)) {
        if constexpr (R <= 2) {  // few rows: each register of B is used up at once
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
        rows.step();
    };
    constexpr int kUnroll = 4;
    Index left = k;
    T *ci = c, *const last_row = c + (R - 1) * ldc;
    for (; left >= kUnroll; left -= kUnroll) {
        if (!kTail && end.fetch_b) {
            const T* next = b + kAheadB * ldb + (left > kAheadB ? 0 : V * W - k * ldb);
#pragma GCC unroll 4
            for (int q = 0; q < kUnroll; ++q) {
#pragma GCC unroll 16
                for (int v = 0; v < V; ++v) __builtin_prefetch(next + v * W);
                next = opaque(next + ldb);
            }
        }
        if (!kTail && left % kLine == 0) {
            if constexpr (kAsks) asks.fetch();
            for (int q = 0; q < V * W; q += kLine) __builtin_prefetch(ci + q, 1, 2);
            ci = ci == last_row ? ci : ci + ldc;
        }
#pragma GCC unroll 8
        for (int q = 0; q < kUnroll; ++q) {
            step(q);
        }
        rows.advance(kUnroll);
    }
    for (; left > 0; --left) {
        step(0);
        rows.advance(1);
    }
    if (!end.first) {
        ci = c;
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) {
#pragma GCC unroll 16
            for (int v = 0; v < V; ++v) acc[i][v] = load_v(ci + v * W, v) + acc[i][v];
            ci = opaque(ci + ldc);
        }
    }
    if (end.bias != nullptr) {
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
            const Vec<T> bias = load_v(end.bias + v * W, v);
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
                storen(ci + v * W, acc[i][v], last);
            else
                store(ci + v * W, acc[i][v]);
        }
        ci = opaque(ci + ldc);
    }
}

DS_ISA_END
