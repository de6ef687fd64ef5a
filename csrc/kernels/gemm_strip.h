// Strips of a product's rows: register tiles side by side along the columns, in place or from packed panels; how rows
// are cut into strips, what follows a finished one, and what tiles ask for ahead of time.
#pragma once
#include <type_traits>

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

// The next strip of a transposed A, packed bit by bit by the tiles of this one, so that its loads, each from a line of
// its own, are waited for while these multiply.
template <class T>
struct NextStrip {
    const T* a = nullptr;
    Index lda = 0, rows = 0, k = 0;
    T* to = nullptr;
    Index part = 0;  // k's a tile

    DS_INLINE void pack(Index most) {
        const Index now = k < most ? k : most;
        if (now == 0) return;
        pack_a<T, true, kTileRows>(to, a, lda, rows, now);
        a += now * lda, to += now * kTileRows, k -= now;
    }
};

// What is wanted after a product of one chunk, in equal parts by tile and batch.
template <class T>
struct WantedByTile {
    WantedLines<T> lines = {};
    Index tiles = 0, step = 0;

    WantedByTile() = default;
    DS_INLINE WantedByTile(const Wanted<T>& all, Index k, Index tiles_in_all) {
        constexpr Index kLine = Ahead<T>::kLine;
        const Index times = k <= kSumChunk ? tiles_in_all * (k / kLine) : 0;
        if (times == 0 || all.n == 0) return;
        for (int i = 0; i < 3; ++i) lines.p[i] = all.p[i] != nullptr ? all.p[i] : all.p[0];
        lines.count = (all.n / kLine + times - 1) / times;
        tiles = tiles_in_all;
        step = lines.count * (k / kLine) * kLine;
    }
    DS_INLINE WantedLines<T> take() {
        if (tiles <= 0) return {};
        --tiles;
        const WantedLines<T> now = lines;
        for (const T*& p : lines.p) p += step;
        return now;
    }
};

// What the strips of one chunk share, and what their tiles have to do beside their sums: whoever runs a strip says so
// before it, and finds it done.
template <class T>
struct StripArgs {
    Index lda, ldb, ldc;
    const T* b;
    // Not beside n: compilers would read both at once from GemmArgs, where they have just been written one by one, and
    // the load would wait for the stores.
    Index k;
    Index next_panel;  // from one packed panel to the next
    Index n;
    TileEnd<T> end = {};
    AheadByTile<T> of_a = {}, of_b = {};
    WantedByTile<T> wanted = {};
    NextStrip<T> next = {};

    DS_INLINE bool busy() const { return of_a.tiles > 0 || of_b.tiles > 0 || wanted.tiles > 0 || next.k > 0; }
};

// Strips of fewer rows have no code for what there is to do beside, for the wheel's sake: they are alone, or few. Nor
// have instruction sets that nobody chooses for speed.
#if defined(DS_ISA_SCALAR) || defined(DS_ISA_BASELINE)
inline constexpr int kAskingRows = kTileRows + 1;
#else
inline constexpr int kAskingRows = 3 * kTileRows / 4 + 1;
#endif

// The last columns: fewer than `V` full registers of them.
template <class T, int R, int V, int P, bool kTransposed>
DS_INLINE void tail_tile(const StripArgs<T>& s, const T* a, const T* b, T* c, Index n, TileEnd<T> end) {
    constexpr int W = Vec<T>::W;
    if constexpr (V > 1) {
        if (n <= (V - 1) * W) return tail_tile<T, R, V - 1, P, kTransposed>(s, a, b, c, n, end);
    }
    tile<T, R, V, P, kTransposed, true>(a, s.lda, b, s.ldb, s.next_panel, s.k, c, s.ldc, n - (V - 1) * W,
                                        end);
}

template <class T, int R, int V, int P, bool kTransposed, bool kPanels>
void strip(StripArgs<T>& s, const T* a, T* c) {
    constexpr int kCols = V * Vec<T>::W;
    const T* b = s.b;
    TileEnd<T> end = s.end;
    Index left = s.n;
    const auto whole_tiles = [&](auto asks) __attribute__((always_inline)) {
        constexpr bool kAsks = decltype(asks)::value;
        for (; left >= kCols; left -= kCols) {
            TileAsks<T> more;
            if constexpr (kAsks) more = {s.of_a.take(), s.of_b.take(), s.wanted.take()};
            tile<T, R, V, P, kTransposed, false, kAsks>(a, s.lda, b, s.ldb, s.next_panel, s.k, c, s.ldc, 0,
                                                        end, more);
            if constexpr (kAsks) s.next.pack(s.next.part);
            b += kPanels ? V / P * s.next_panel : kCols;
            c += kCols;
            if (end.bias != nullptr) end.bias += kCols;
        }
    };
    if constexpr (R >= kAskingRows) {
        if (s.busy()) whole_tiles(std::true_type());
    }
    s.next.pack(s.next.k);
    whole_tiles(std::false_type());
    if constexpr (P < V) {  // panels that are too few for the wide tile
        if (left > 0) {
            StripArgs<T> rest = s;
            rest.b = b, rest.n = left, rest.end = end;
            strip<T, R, P, P, kTransposed, kPanels>(rest, a, c);
        }
        return;
    }
    if (left > 0) tail_tile<T, R, V, P, kTransposed>(s, a, b, c, left, end);
}

template <class T>
using Strip = void (*)(StripArgs<T>&, const T* a, T* c);

// kTable[r - 1] does r rows, as many columns at once as the registers allow: any number in place, else whole
// panels.
template <class T, bool kTransposed, bool kPanels>
struct Strips {
    template <int R>
    static constexpr Strip<T> of() {
        constexpr int P = kPanels ? kPanelWidth : tile_width(R), V = tile_width(R) / P * P;
        if constexpr (R <= kTileRows)
            return strip<T, R, V, P, kTransposed, kPanels>;
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
        const Rows<T> y = g.y != nullptr ? Rows<T>{g.y + row * g.ldy, g.ldy} : Rows<T>{c, g.ldc};
        // Without the columns that mean nothing, if only then the last ones of four rows fill one register together.
        const Index most = Vec<T>::W / 4, n = g.n - g.beyond;
        const bool few = kQuarters && g.beyond > 0 && n % Vec<T>::W <= most && rows >= 4;
        g.forward(y, {c, g.ldc}, rows, few ? n : g.n, g.alpha);
    } else if (g.backward != nullptr) {
        g.backward({c, g.ldc}, {c, g.ldc}, {g.saved + row * g.ld_saved, g.ld_saved}, rows, g.n, g.alpha,
                   {nullptr, 0});
    }
}

// Rows of strip t of `count`: even heights (16 rows are 8 + 8, not 12 + 4).
struct StripRows {
    Index m, count, next = 0;
    explicit DS_INLINE StripRows(Index rows) : m(rows), count((rows + kTileRows - 1) / kTileRows) {}
    DS_INLINE Index take() {
        const Index rows = count == 1 ? m - next : (m - next) / count;  // small products feel a division
        --count;
        next += rows;
        return rows;
    }
};

// What is wanted next: `count` rows of a chunk of k's each, or (kAcross) of at most two lines each.
template <bool kAcross, class T>
DS_INLINE Ahead<T> ahead(const T* p, Index ld, Index count) {
    constexpr Index kLine = Ahead<T>::kLine, kBatches = kSumChunk / kLine;
    const Index half = (count + 1) / 2, pairs = (count + kBatches - 1) / kBatches;
    if constexpr (kAcross)
        return {p, ld, kLine, pairs * ld, int(pairs)};
    else
        return {p, ld, (count - half) * ld, kLine, int(half)};
}

// A strip's rows of A, asked for by `tiles` tiles. Of a transposed A each k has a line of its own, and the strips
// before have seen all but its end.
template <bool kTransposed, class T>
DS_INLINE AheadByTile<T> ask_for_rows(const T* a, Index lda, Index rows, Index k, Index tiles) {
    if (tiles == 0 || k == 0) return {};
    if constexpr (kTransposed) {
        const Index batches = k / Ahead<T>::kLine > 0 ? k / Ahead<T>::kLine : 1;
        const Index pairs = (k + 2 * batches * tiles - 1) / (2 * batches * tiles), part = 2 * batches * pairs;
        return {{a + rows - 1, 2 * lda, lda, 2 * pairs * lda, int(pairs)}, part * lda, (k + part - 1) / part};
    } else {
        const Index part = (rows + tiles - 1) / tiles;
        return {ahead<false>(a, lda, part), part * lda, (rows + part - 1) / part};
    }
}

DS_ISA_END
