// The loops over register tiles: rows are cut into even strips, a strip runs along its columns tile by tile, and the
// epilogue follows each finished strip while it is in cache. Works on operands in place and on packed panels; which of
// them, and the blocking for caches, is decided in csrc/gemm/.
#pragma once
#include "kernels/gemm_column.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"

DS_ISA_BEGIN

// Most rows of a tile, and how many registers wide a tile of r rows is.
#if defined(DS_ISA_AVX512) || defined(DS_ISA_NEON)
inline constexpr int kTileRows = 12;
constexpr int tile_width(int r) { return r == 1 ? 8 : r == 2 ? 8 : r <= 6 ? 4 : r <= 8 ? 3 : 2; }
#else
inline constexpr int kTileRows = 6;
constexpr int tile_width(int r) { return r == 1 ? 8 : r == 2 ? 4 : r <= 4 ? 3 : 2; }
#endif
inline constexpr int kPanelWidth = tile_width(kTileRows);

// What the strips of one chunk share.
template <class T>
struct StripArgs {
    Index lda, ldb, ldc;
    const T* b;
    Index next_panel;  // from one packed panel to the next; 0: B in place
    Index n, k;
    TileEnd<T> end;
};

// The last columns: fewer than `V` full registers of them.
template <class T, int R, int V, bool kTransposed>
DS_INLINE void tail_tile(const StripArgs<T>& s, const T* a, const T* b, T* c, Index n, TileEnd<T> end) {
    constexpr int W = Vec<T>::W;
    if constexpr (V > 1) {
        if (n <= (V - 1) * W) return tail_tile<T, R, V - 1, kTransposed>(s, a, b, c, n, end);
    }
    tile<T, R, V, kTransposed, true>(a, s.lda, b, s.ldb, s.k, c, s.ldc, n - (V - 1) * W, end);
}

template <class T, int R, int V, bool kTransposed>
void strip(const StripArgs<T>& s, const T* a, T* c) {
    constexpr int kCols = V * Vec<T>::W;
    const T* b = s.b;
    TileEnd<T> end = s.end;
    Index left = s.n;
    for (; left >= kCols; left -= kCols) {
        tile<T, R, V, kTransposed, false>(a, s.lda, b, s.ldb, s.k, c, s.ldc, 0, end);
        b += s.next_panel != 0 ? s.next_panel : kCols;
        c += kCols;
        if (end.bias != nullptr) end.bias += kCols;
    }
    if (left > 0) tail_tile<T, R, V, kTransposed>(s, a, b, c, left, end);
}

template <class T>
using Strip = void (*)(const StripArgs<T>&, const T* a, T* c);

// kTable[r - 1] does r rows. Panels have one width; columns in place are taken as wide as the registers allow.
template <class T, bool kTransposed, bool kPanels>
struct Strips {
    template <int R>
    static constexpr Strip<T> of() {
        if constexpr (R <= kTileRows)
            return strip<T, R, kPanels ? kPanelWidth : tile_width(R), kTransposed>;
        else
            return nullptr;
    }
    static constexpr Strip<T> kTable[12] = {of<1>(), of<2>(), of<3>(), of<4>(),  of<5>(),  of<6>(),
                                            of<7>(), of<8>(), of<9>(), of<10>(), of<11>(), of<12>()};
};

// Rows of a product of which every k has been seen.
template <class T>
void epilogue(const GemmArgs<T>& g, Index row, Index rows) {
    T* c = g.c + row * g.ldc;
    if (g.forward != nullptr) {
        const Index ldy = g.y != nullptr ? g.ldy : g.ldc;
        T* y = g.y != nullptr ? g.y + row * g.ldy : c;
        if (ldy == g.n && g.ldc == g.n) return g.forward(y, c, rows * g.n, g.alpha);
        for (Index i = 0; i < rows; ++i) g.forward(y + i * ldy, c + i * g.ldc, g.n, g.alpha);
    } else if (g.backward != nullptr) {
        const T* saved = g.saved + row * g.ld_saved;
        if (g.ldc == g.n && g.ld_saved == g.n) return g.backward(c, c, saved, rows * g.n, g.alpha);
        for (Index i = 0; i < rows; ++i) g.backward(c + i * g.ldc, c + i * g.ldc, saved + i * g.ld_saved, g.n, g.alpha);
    }
}

// One chunk of k over m rows, in strips of even height (16 rows are 8 + 8, not 12 + 4).
template <class T, bool kTransposed, bool kPanels>
DS_INLINE void strips(const StripArgs<T>& s, const T* a, T* c, Index m, T* a_tile, const GemmArgs<T>* finish) {
    const Index count = (m + kTileRows - 1) / kTileRows;
    Index row = 0;
    for (Index t = 0; t < count; ++t) {
        const Index rows = (m - row) / (count - t);
        const T* at = a + row * (kTransposed ? 1 : s.lda);
        if (a_tile != nullptr) {
            pack_a<T, kTransposed, kTileRows>(a_tile, at, s.lda, rows, s.k);
            StripArgs<T> packed = s;
            packed.lda = kTileRows;
            Strips<T, true, kPanels>::kTable[rows - 1](packed, a_tile, c + row * s.ldc);
        } else {
            Strips<T, kTransposed, kPanels>::kTable[rows - 1](s, at, c + row * s.ldc);
        }
        if (finish != nullptr) epilogue(*finish, row, rows);
        row += rows;
    }
}

template <class T, bool kTransposed>
void direct(const GemmArgs<T>& g) {
    const T* a = g.a;
    const bool finish = g.forward != nullptr || g.backward != nullptr;
    StripArgs<T> s{g.lda, g.ldb, g.ldc, g.b, 0, g.n, 0, {}};
    Index left = g.k;
    do {
        s.k = left < kSumChunk ? left : kSumChunk;
        left -= s.k;
        if (left == 0) s.end.bias = g.bias;
        strips<T, kTransposed, false>(s, a, g.c, g.m, nullptr, finish && left == 0 ? &g : nullptr);
        s.end.first = false;
        s.b += s.k * s.ldb;
        a += s.k * (kTransposed ? g.lda : 1);
    } while (left > 0);
}

// n = 1. With A transposed its rows are the columns of a row-major matrix: the product is a one-row strip over them.
template <class T, bool kTransposed>
void column(const GemmArgs<T>& g) {
    if constexpr (!kTransposed) {
        matvec(g.m, g.k, g.a, g.lda, g.b, g.ldb, g.c, g.ldc, g.bias, 0);
    } else {
        constexpr Index kPiece = 256;
        T piece[kPiece];
        for (Index i = 0; i < g.m; i += kPiece) {
            GemmArgs<T> swapped;
            swapped.m = 1, swapped.n = g.m - i < kPiece ? g.m - i : kPiece, swapped.k = g.k;
            swapped.a = g.b, swapped.lda = g.ldb, swapped.b = g.a + i, swapped.ldb = g.lda;
            swapped.c = g.ldc == 1 ? g.c + i : piece, swapped.ldc = kPiece;
            direct<T, true>(swapped);
            if (g.ldc == 1 && g.bias == nullptr) continue;
            for (Index r = 0; r < swapped.n; ++r)
                g.c[(i + r) * g.ldc] = g.bias != nullptr ? swapped.c[r] + *g.bias : swapped.c[r];
        }
    }
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// m = 1 with B stored (n, k): y = B · a.
template <class T, bool kTransposed>
void row(const GemmArgs<T>& g) {
    matvec(g.n, g.k, g.b, g.ldb, g.a, kTransposed ? g.lda : 1, g.c, 1, g.bias, 1);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, 1);
}

template <class T, bool kTransposed>
void block(const GemmBlock<T>& g) {
    const StripArgs<T> s{g.lda, kPanelWidth * Vec<T>::W, g.ldc, g.panels, g.k * kPanelWidth * Vec<T>::W,
                         g.n,   g.k,                     {g.bias, g.first}};
    strips<T, kTransposed, true>(s, g.a, g.c, g.m, g.a_tile, g.epilogue);
}

template <class T>
constexpr GemmKernels<T> gemm_kernels() {
    GemmKernels<T> t;
    t.width = Vec<T>::W;
    t.tile_rows = kTileRows;
    t.tile_cols = kPanelWidth * Vec<T>::W;
    t.direct[0] = direct<T, false>;
    t.direct[1] = direct<T, true>;
    t.column[0] = column<T, false>;
    t.column[1] = column<T, true>;
    t.row[0] = row<T, false>;
    t.row[1] = row<T, true>;
    t.pack_b[0] = pack_b<T, kPanelWidth, false>;
    t.pack_b[1] = pack_b<T, kPanelWidth, true>;
    t.block[0] = block<T, false>;
    t.block[1] = block<T, true>;
    return t;
}

DS_ISA_END
