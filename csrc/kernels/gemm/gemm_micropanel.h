// One micropanel of A (up to MR rows) times all columns of B: BLIS's jr loop over register tiles, with B in
// place or packed. This file also splits rows into micropanels, applies the epilogue, and plans what tiles
// prefetch.
#pragma once
#include <type_traits>

#include "kernels/gemm/gemm_pack.h"
#include "kernels/gemm/gemm_table.h"
#include "kernels/gemm/gemm_tile.h"

DS_ISA_BEGIN

// MR is the most rows of a tile. A tile of r rows is tile_vectors(r) registers wide; NR is that width for MR
// rows.
#if defined(DS_ISA_AVX512) || defined(DS_ISA_NEON)
inline constexpr int kMR = 12;
constexpr int tile_vectors(int r) { return r == 1 ? 8 : r == 2 ? 8 : r <= 6 ? 4 : r <= 8 ? 3 : 2; }
#else
inline constexpr int kMR = 6;
constexpr int tile_vectors(int r) { return r == 1 ? 8 : r == 2 ? 4 : r <= 4 ? 3 : 2; }
#endif
inline constexpr int kNRVectors = tile_vectors(kMR);
template <class T>
inline constexpr Index kNR = kNRVectors * Vec<T>::W;

// The next micropanel of a transposed A. Each tile of the current micropanel packs k_per_tile values of k of
// it. Every value of k is in a cache line of its own, so the loads are slow; this way they overlap with
// multiplications.
template <class T>
struct NextMicropanel {
    const T* a = nullptr;
    Index lda = 0, rows = 0, k = 0;  // k: values of k that are not packed yet
    T* packed = nullptr;
    Index k_per_tile = 0;

    DS_INLINE void pack(Index max_k) {
        const Index count = k < max_k ? k : max_k;
        if (count == 0) return;
        pack_a<T, true, kMR>(packed, a, lda, rows, count);
        a += count * lda, packed += count * kMR, k -= count;
    }
};

// A PrefetchHint in equal parts, one per tile and step. A product of more than one chunk of k ignores the
// hint.
template <class T>
struct PrefetchHintPerTile {
    PrefetchHintLines<T> lines = {};
    Index tiles = 0, tile_stride = 0;

    PrefetchHintPerTile() = default;
    DS_INLINE PrefetchHintPerTile(const PrefetchHint<T>& hint, Index k, Index all_tiles) {
        constexpr Index kLine = PrefetchRows<T>::kLine;
        const Index steps = k <= kKC ? all_tiles * (k / kLine) : 0;
        if (steps == 0 || hint.n == 0) return;
        for (int i = 0; i < 3; ++i) lines.p[i] = hint.p[i] != nullptr ? hint.p[i] : hint.p[0];
        lines.count = (hint.n / kLine + steps - 1) / steps;
        tiles = all_tiles;
        tile_stride = lines.count * (k / kLine) * kLine;
    }
    DS_INLINE PrefetchHintLines<T> take() {
        if (tiles <= 0) return {};
        --tiles;
        const PrefetchHintLines<T> current = lines;
        for (const T*& p : lines.p) p += tile_stride;
        return current;
    }
};

// The arguments that the micropanels of one chunk share. The caller sets the side work of the tiles
// (prefetch_a, prefetch_b, hint, next_micropanel) before each micropanel; the micropanel consumes it.
template <class T>
struct MicropanelArgs {
    Index lda, ldb, ldc;
    const T* b;
    // k is not next to n. A compiler would load both at once from GemmArgs, whose fields were just stored one
    // by one; the load would wait for the stores.
    Index k;
    Index panel_stride;  // from one packed micropanel of B to the next
    Index n;
    TileOptions<T> options = {};
    PrefetchPerTile<T> prefetch_a = {}, prefetch_b = {};
    PrefetchHintPerTile<T> hint = {};
    NextMicropanel<T> next_micropanel = {};

    DS_INLINE bool has_side_work() const {
        return prefetch_a.tiles > 0 || prefetch_b.tiles > 0 || hint.tiles > 0 || next_micropanel.k > 0;
    }
};

// Micropanels of fewer rows have no code for side work, which keeps the wheel small: they occur alone or are
// few. The scalar and baseline instruction sets have none, because speed does not matter there.
#if defined(DS_ISA_SCALAR) || defined(DS_ISA_BASELINE)
inline constexpr int kPrefetchMinRows = kMR + 1;
#else
inline constexpr int kPrefetchMinRows = 3 * kMR / 4 + 1;
#endif

// The last tile, of fewer than V full registers of columns.
template <class T, int R, int V, int P, bool kTransposed>
DS_INLINE void tail_tile(const MicropanelArgs<T>& s, const T* a, const T* b, T* c, Index n,
                         TileOptions<T> options) {
    constexpr int W = Vec<T>::W;
    if constexpr (V > 1) {
        if (n <= (V - 1) * W) return tail_tile<T, R, V - 1, P, kTransposed>(s, a, b, c, n, options);
    }
    tile<T, R, V, P, kTransposed, true>(a, s.lda, b, s.ldb, s.panel_stride, s.k, c, s.ldc, n - (V - 1) * W,
                                        options);
}

template <class T, int R, int V, int P, bool kTransposed, bool kPackedB>
void micropanel(MicropanelArgs<T>& s, const T* a, T* c) {
    constexpr int kWidth = V * Vec<T>::W;
    const T* b = s.b;
    TileOptions<T> options = s.options;
    Index left = s.n;
    const auto whole_tiles = [&](auto has_side_work) DS_LAMBDA {
        constexpr bool kPrefetch = decltype(has_side_work)::value;
        for (; left >= kWidth; left -= kWidth) {
            TilePrefetch<T> prefetch;
            if constexpr (kPrefetch) prefetch = {s.prefetch_a.take(), s.prefetch_b.take(), s.hint.take()};
            tile<T, R, V, P, kTransposed, false, kPrefetch>(a, s.lda, b, s.ldb, s.panel_stride, s.k, c, s.ldc,
                                                            0, options, prefetch);
            if constexpr (kPrefetch) s.next_micropanel.pack(s.next_micropanel.k_per_tile);
            b += kPackedB ? V / P * s.panel_stride : kWidth;
            c += kWidth;
            if (options.bias != nullptr) options.bias += kWidth;
        }
    };
    if constexpr (R >= kPrefetchMinRows) {
        if (s.has_side_work()) whole_tiles(std::true_type());
    }
    s.next_micropanel.pack(s.next_micropanel.k);
    whole_tiles(std::false_type());
    if constexpr (P < V) {  // fewer micropanels of B are left than the wide tile reads
        if (left > 0) {
            MicropanelArgs<T> rest = s;
            rest.b = b, rest.n = left, rest.options = options;
            micropanel<T, R, P, P, kTransposed, kPackedB>(rest, a, c);
        }
        return;
    }
    if (left > 0) tail_tile<T, R, V, P, kTransposed>(s, a, b, c, left, options);
}

template <class T>
using MicropanelFn = void (*)(MicropanelArgs<T>&, const T* a, T* c);

// kTable[r - 1] multiplies r rows, by as many columns at once as the registers allow. With kPackedB the width
// of a tile is a whole number of micropanels of B.
template <class T, bool kTransposed, bool kPackedB>
struct MicropanelKernels {
    template <int R>
    static constexpr MicropanelFn<T> of() {
        constexpr int P = kPackedB ? kNRVectors : tile_vectors(R), V = tile_vectors(R) / P * P;
        if constexpr (R <= kMR)
            return micropanel<T, R, V, P, kTransposed, kPackedB>;
        else
            return nullptr;
    }
    static constexpr MicropanelFn<T> kTable[12] = {of<1>(), of<2>(), of<3>(), of<4>(),  of<5>(),  of<6>(),
                                                   of<7>(), of<8>(), of<9>(), of<10>(), of<11>(), of<12>()};
};

// The epilogue on `rows` rows of C whose sums are complete.
template <class T>
void epilogue(const GemmArgs<T>& g, Index row, Index rows) {
    T* const c = g.c + row * g.ldc;
    if (g.forward != nullptr) {
        // The padding columns are left out only if the last columns of four rows then fit one register
        // together.
        const Index quarter = Vec<T>::W / 4, unpadded = g.n - g.padding_cols;
        const bool skips_padding =
            kQuarters && g.padding_cols > 0 && unpadded % Vec<T>::W <= quarter && rows >= 4;
        const Index n = skips_padding ? unpadded : g.n;
        const bool in_place = g.y == nullptr;
        g.forward({in_place ? c : g.y + row * g.ldy, rows, n, in_place ? g.ldc : g.ldy}, {c, rows, n, g.ldc},
                  g.alpha);
    } else if (g.backward != nullptr) {
        g.backward({c, rows, g.n, g.ldc}, {c, rows, g.n, g.ldc},
                   {g.saved + row * g.ld_saved, rows, g.n, g.ld_saved}, g.alpha, {});
    }
}

// Splits m rows into `count` micropanels of nearly equal height: 16 rows are 8 + 8 with MR = 12, not 12 + 4.
// take() returns the height of the next one, which begins at row `next`.
struct MicropanelRows {
    Index m, count, next = 0;
    explicit DS_INLINE MicropanelRows(Index rows) : m(rows), count((rows + kMR - 1) / kMR) {}
    DS_INLINE Index take() {
        const Index rows =
            count == 1 ? m - next : (m - next) / count;  // a division slows down small products
        --count;
        next += rows;
        return rows;
    }
};

// Prefetches `count` rows of one chunk, spread over the steps of a tile. With kShortRows each row is at most
// two cache lines long.
template <bool kShortRows, class T>
DS_INLINE PrefetchRows<T> prefetch_rows(const T* p, Index ld, Index count) {
    constexpr Index kLine = PrefetchRows<T>::kLine, kSteps = kKC / kLine;
    const Index half = (count + 1) / 2, pairs = (count + kSteps - 1) / kSteps;
    if constexpr (kShortRows)
        return {p, ld, kLine, pairs * ld, int(pairs)};
    else
        return {p, ld, (count - half) * ld, kLine, int(half)};
}

// Prefetches a micropanel of A during `tiles` tiles. In a transposed A every value of k has a cache line of
// its own. Earlier micropanels have loaded all but the end of each line.
template <bool kTransposed, class T>
DS_INLINE PrefetchPerTile<T> prefetch_rows_of_a(const T* a, Index lda, Index rows, Index k, Index tiles) {
    if (tiles == 0 || k == 0) return {};
    if constexpr (kTransposed) {
        const Index steps = k / PrefetchRows<T>::kLine > 0 ? k / PrefetchRows<T>::kLine : 1;
        const Index pairs = (k + 2 * steps * tiles - 1) / (2 * steps * tiles), share = 2 * steps * pairs;
        return {
            {a + rows - 1, 2 * lda, lda, 2 * pairs * lda, int(pairs)}, share * lda, (k + share - 1) / share};
    } else {
        const Index share = (rows + tiles - 1) / tiles;
        return {prefetch_rows<false>(a, lda, share), share * lda, (rows + share - 1) / share};
    }
}

DS_ISA_END
