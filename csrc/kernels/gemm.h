// Whole products and blocks of them, strip by strip (gemm_strip.h): a strip runs along its columns tile by tile,
// and the epilogue follows each finished strip while it is in cache. Works on operands in place and on packed
// panels; which of them, and the blocking for caches, is decided in csrc/gemm/.
#pragma once
#include "kernels/gemm_column.h"
#include "kernels/gemm_narrow.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_row.h"
#include "kernels/gemm_strip.h"
#include "kernels/gemm_table.h"
#include "kernels/gemm_tile.h"
#include "kernels/gemm_transposed.h"

DS_ISA_BEGIN

// m = 1 and a B that lies beyond the first-level cache, or a few rows and one beyond the second.
template <class T, bool kTransposed>
void stream(const GemmArgs<T>& g) {
    if (!kTransposed && g.m > 1)
        stream_rows<T>(g);
    else
        stream_row<T, kTransposed>(g);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// Strips that pass over a few columns of B while these are in the first-level cache: those behind the first, if they
// are enough to do it by the way, ask for the columns that come next, s.k rows from `next` on, ld apart.
inline constexpr Index kAskingStrips = 4;

template <class T>
DS_INLINE void ask_for_next(StripArgs<T>& s, const StripRows& strips, Index all, const T* next, Index ld) {
    const Index others = all - 1, done = others - strips.count - 1;  // of the others, before this one
    s.of_b = {};
    if (others < kAskingStrips || done < 0 || next == nullptr) return;
    const Index share = (s.k + others - 1) / others;
    s.of_b = {ahead<true>(next + done * share * ld, ld, share), 0, 1};
}

// B from beyond the second-level cache, and so few strips of A that these stay in it.
inline constexpr Index kBeyond = Index(1) << 21, kLeastStrips = 3, kMostStrips = 12;

template <class T>
void direct_far(const GemmArgs<T>& g) {
    const Index wide = tile_width(int(StripRows(g.m).take())) * Vec<T>::W, count = StripRows(g.m).count;
    StripArgs<T> s{g.lda, g.ldb, g.ldc, nullptr, 0, 0, 0, {nullptr, !g.accumulate}, {}};
    const T *a = g.a, *b = g.b;
    Index left = g.k;
    do {
        s.k = left < kSumChunk ? left : kSumChunk;
        left -= s.k;
        for (Index j = 0; j < g.n; j += wide) {
            s.n = g.n - j < wide ? g.n - j : wide;
            s.b = b + j;
            if (left == 0 && g.bias != nullptr) s.end.bias = g.bias + j;
            const T* next = j + wide < g.n ? s.b + wide : left > 0 ? b + s.k * g.ldb : nullptr;
            for (StripRows strips(g.m); strips.count > 0;) {
                const Index row = strips.next, rows = strips.take();
                s.end.fetch_b = row == 0;
                ask_for_next(s, strips, count, next, g.ldb);
                Strips<T, false, false>::kTable[rows - 1](s, a + row * g.lda, g.c + row * g.ldc + j);
            }
        }
        s.end.first = false;
        b += s.k * g.ldb;
        a += s.k;
    } while (left > 0);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// No more than one strip: nothing to decide, and a small product feels every instruction before its sums.
template <class T, bool kTransposed>
[[gnu::noinline]] void one_strip(const GemmArgs<T>& g) {
    StripArgs<T> s{g.lda, g.ldb, g.ldc, g.b, g.k, 0, g.n, {g.bias, !g.accumulate}, {}};
    s.end.fetch_b = g.m > 1 && g.k * g.ldb * Index(sizeof(T)) > kFar;
    Strips<T, kTransposed, false>::kTable[g.m - 1](s, g.a, g.c);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// One k: every row of C is B's only one, times a number; V registers of columns from j on, the last of them only n
// lanes wide when kTail. A sum begins with 0, even that of a single product.
template <class T, int V, bool kTail>
DS_INLINE void outer_columns(const GemmArgs<T>& g, Index step_a, Index j, Index n) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> zeros(T(0));
    const Index m = g.m, ldc = g.ldc;
    const T* a = g.a;
    T* c = g.c + j;
    Vec<T> b[V], bias[V];
    for (int v = 0; v < V; ++v) {
        const Index now = kTail && v == V - 1 ? n : W;
        b[v] = loadn(g.b + j + v * W, now);
        bias[v] = g.bias != nullptr ? loadn(g.bias + j + v * W, now) : zeros;
    }
    for (Index i = 0; i < m; ++i, a += step_a, c += ldc) {
        const Vec<T> x(*a);
        for (int v = 0; v < V; ++v) {
            const Vec<T> sum = fma(x, b[v], zeros) + bias[v];
            if (kTail && v == V - 1)
                storen(c + v * W, sum, n);
            else
                store(c + v * W, sum);
        }
    }
}

template <class T>
[[gnu::noinline]] void outer(const GemmArgs<T>& g, Index step_a) {
    constexpr Index W = Vec<T>::W;
    Index j = 0, left = g.n;
    for (; left >= 4 * W; j += 4 * W, left -= 4 * W) outer_columns<T, 4, false>(g, step_a, j, W);
    if (left > 3 * W)
        outer_columns<T, 4, true>(g, step_a, j, left - 3 * W);
    else if (left > 2 * W)
        outer_columns<T, 3, true>(g, step_a, j, left - 2 * W);
    else if (left > W)
        outer_columns<T, 2, true>(g, step_a, j, left - W);
    else if (left > 0)
        outer_columns<T, 1, true>(g, step_a, j, left);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

template <class T, bool kTransposed>
void direct(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    // On the way down from one output: no memory between.
    if (g.k == 1 && g.backward != nullptr && g.bias == nullptr && !g.accumulate)
        return g.backward({g.c, g.ldc}, {g.b, 0}, {g.saved, g.ld_saved}, g.m, g.n, g.alpha,
                          {g.a, kTransposed ? 1 : g.lda});
    if (g.k == 1 && !g.accumulate) return outer(g, kTransposed ? 1 : g.lda);
    if (g.m <= kTileRows && g.k <= kSumChunk) return one_strip<T, kTransposed>(g);
    if constexpr (kTransposed) {
        const Index tiles = g.n / (kPanelWidth * Vec<T>::W);
        const bool packs = g.m > kTileRows && tiles >= (far_rows(g) ? kPackedFrom / 3 : kPackedFrom);
        return packs ? direct_transposed<T, true>(g) : direct_transposed<T, false>(g);
    }
    const T* a = g.a;
    const bool finish = g.forward != nullptr || g.backward != nullptr;
    StripArgs<T> s{g.lda, g.ldb, g.ldc, g.b, 0, 0, g.n, {nullptr, !g.accumulate}, {}};
    const bool far_b = g.k * g.ldb * Index(sizeof(T)) > kFar;
    const Index count = StripRows(g.m).count;
    if (g.k * g.ldb * Index(sizeof(T)) >= kBeyond && count >= kLeastStrips && count <= kMostStrips)
        return direct_far(g);
    if (!far_b && g.k > kSumChunk && g.m > kTileRows && g.m * g.lda * Index(sizeof(T)) > kFar) {
        for (StripRows strips(g.m); strips.count > 0;) {  // A comes from afar: each row in one stretch
            const Index row = strips.next;
            GemmArgs<T> part = g;
            part.m = strips.take();
            part.a += row * g.lda, part.c += row * g.ldc;
            if (g.y != nullptr) part.y += row * g.ldy;
            if (g.saved != nullptr) part.saved += row * g.ld_saved;
            direct<T, false>(part);
        }
        return;
    }
    Index left = g.k;
    do {
        s.k = left < kSumChunk ? left : kSumChunk;
        left -= s.k;
        if (left == 0) s.end.bias = g.bias;
        for (StripRows strips(g.m); strips.count > 0;) {
            const Index row = strips.next, rows = strips.take();
            s.end.fetch_b = far_b && row == 0 && g.m > 1;
            Strips<T, false, false>::kTable[rows - 1](s, a + row * g.lda, g.c + row * g.ldc);
            if (finish && left == 0) epilogue(g, row, rows);
        }
        s.end.first = false;
        s.b += s.k * s.ldb;
        a += s.k;
    } while (left > 0);
}

// 1 < n <= kNarrow columns. With few rows, or so few k's that turning A does not pay, the tiles do it.
template <class T, bool kTransposed>
void narrow(const GemmArgs<T>& g) {
    constexpr int W = Vec<T>::W, kLeast = Turned<T>::kCols;
    if (g.m < W || g.n < 2 || g.k < (g.n <= W / 2 ? kLeast : 2 * kLeast)) return direct<T, kTransposed>(g);
    GemmArgs<T> last = g;  // up to half a register of rows
    last.m = g.m % W <= W / 2 ? g.m % W : 0;
    last.forward = nullptr, last.backward = nullptr;
    GemmArgs<T> most = g;
    most.m -= last.m;
    Narrow<T, kTransposed>::kTable[g.n - 2](most);
    if (last.m > 0) {
        last.a += most.m * (kTransposed ? 1 : g.lda), last.c += most.m * g.ldc;
        direct<T, kTransposed>(last);
    }
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// n = 1. With A transposed its rows are the columns of a row-major matrix: the product is a one-row strip
// over them.
template <class T, bool kTransposed>
void column(const GemmArgs<T>& g) {
    if (g.n == 0) return;
    if constexpr (!kTransposed) {
        matvec(g.m, g.k, g.a, g.lda, g.b, g.ldb, g.c, g.ldc, g.bias, 0, g.accumulate);
    } else {
        constexpr Index kPiece = 1024;
        T piece[kPiece];
        for (Index i = 0; i < g.m; i += kPiece) {
            GemmArgs<T> swapped;
            swapped.m = 1, swapped.n = g.m - i < kPiece ? g.m - i : kPiece, swapped.k = g.k;
            swapped.a = g.b, swapped.lda = g.ldb, swapped.b = g.a + i, swapped.ldb = g.lda;
            swapped.c = g.ldc == 1 ? g.c + i : piece, swapped.ldc = kPiece;
            swapped.accumulate = g.accumulate;
            if (g.ldc != 1 && g.accumulate)
                for (Index r = 0; r < swapped.n; ++r) piece[r] = g.c[(i + r) * g.ldc];
            if (g.k * swapped.n * Index(sizeof(T)) > kStreamFrom)
                stream_row<T, true>(swapped);
            else
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
    if (g.m == 0) return;
    matvec(g.n, g.k, g.b, g.ldb, g.a, kTransposed ? g.lda : 1, g.c, 1, g.bias, 1, g.accumulate);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, 1);
}

// One chunk of a block of columns: the first strip's tiles pack a panel of B each.
template <class T, bool kTransposedA, bool kTransposedB, bool kPackA>
void block(const GemmBlock<T>& g) {
    constexpr Index kCols = kPanelWidth * Vec<T>::W;
    const Index step_a = kTransposedA ? 1 : g.lda, step_b = kTransposedB ? g.ldb : 1;
    constexpr bool kTurning = kTransposedA && kPackA;  // packing rows bit by bit
    StripArgs<T> all{kPackA ? kTileRows : g.lda, kCols, g.ldc, g.panels, g.k, g.k * kCols, g.n};
    all.end = {g.bias, g.first};
    const Index tiles = (g.n + kCols - 1) / kCols, others = StripRows(g.m).count - 1;
    PackedStrips<T> packed(g.a, g.lda, g.k, kTurning ? g.m : 0, g.n / kCols, true, g.strip);
    for (StripRows strips(g.m); strips.count > 0;) {
        const Index row = strips.next, rows = strips.take();
        const T* a = g.a + row * step_a;
        if constexpr (kTurning) {
            a = packed.take(all, strips);
        } else {
            all.of_a = {};
            if (strips.count > 0)
                all.of_a = ask_for_rows<kTransposedA>(a + rows * step_a, g.lda, rows, g.k, tiles);
            if (kPackA) {
                pack_a<T, kTransposedA, kTileRows>(g.strip, a, g.lda, rows, g.k);
                a = g.strip;
            }
        }
        const auto run = Strips < T, kTransposedA || kPackA, true > ::kTable[rows - 1];
        if (row > 0) {
            // Each strip asks for a share of its rows, each tile for a part of those.
            if (g.next_b != nullptr) {
                const Index share = ((kTransposedB ? g.n : g.k) + others - 1) / others;
                const Index part = kTransposedB ? share / tiles + 1 : share;
                const T* rows_of_b = g.next_b + (others - strips.count - 1) * share * g.ldb;
                all.of_b = {ahead<!kTransposedB>(rows_of_b, g.ldb, part), kTransposedB ? part * g.ldb : kCols,
                            tiles};
            }
            run(all, a, g.c + row * g.ldc);
            continue;
        }
        StripArgs<T> one = all;
        for (Index j = 0; j < g.n; j += kCols) {
            const T* b = g.b + j * step_b;
            T* panel = g.panels + j * g.k;
            one.b = panel, one.n = g.n - j < kCols ? g.n - j : kCols;
            pack_b<T, kPanelWidth, kTransposedB>(panel, b, g.ldb, g.k, one.n);
            one.of_b = {ahead<!kTransposedB>(b + kCols * step_b, g.ldb, kTransposedB ? kCols : g.k), 0, 1};
            run(one, a, g.c + j);
            if (one.end.bias != nullptr) one.end.bias += kCols;
        }
    }
}

// Every panel of one chunk of B, one after the other.
template <class T, bool kTransposed>
void pack_panels(T* panels, const T* b, Index ldb, Index k, Index n) {
    constexpr Index kCols = kPanelWidth * Vec<T>::W;
    for (Index j = 0; j < n; j += kCols) {
        const Index cols = n - j < kCols ? n - j : kCols;
        pack_b<T, kPanelWidth, kTransposed>(panels, b + j * (kTransposed ? ldb : 1), ldb, k, cols);
        panels += k * kCols;
    }
}

// B as pack_panels left it, chunk behind chunk. Every strip passes over a few panels before the next are
// touched: B is the large operand here, and read once.
template <class T, bool kTransposed>
void packed(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    constexpr Index kCols = kPanelWidth * Vec<T>::W;
    const Index wide = tile_width(int(StripRows(g.m).take())) / kPanelWidth * kCols,
                panels = (g.n + kCols - 1) / kCols, count = StripRows(g.m).count;
    const T *a = g.a, *b = g.b;
    StripArgs<T> s{g.lda, kCols, g.ldc, nullptr, 0, 0, 0, {nullptr, !g.accumulate}, {}};
    Index left = g.k;
    do {
        s.k = left < kSumChunk ? left : kSumChunk;
        left -= s.k;
        s.next_panel = s.k * kCols;
        for (Index j = 0; j < g.n; j += wide) {
            s.n = g.n - j < wide ? g.n - j : wide;
            s.b = b + j * s.k;
            if (left == 0 && g.bias != nullptr) s.end.bias = g.bias + j;
            const T* next = j + wide < g.n ? s.b + wide * s.k
                            : left > 0     ? b + panels * s.next_panel
                                           : nullptr;
            for (StripRows strips(g.m); strips.count > 0;) {
                const Index row = strips.next, rows = strips.take();
                ask_for_next(s, strips, count, next, kCols);
                Strips<T, kTransposed, true>::kTable[rows - 1](s, a + row * (kTransposed ? 1 : g.lda),
                                                               g.c + row * g.ldc + j);
            }
        }
        s.end.first = false;
        b += panels * s.next_panel;
        a += s.k * (kTransposed ? g.lda : 1);
    } while (left > 0);
    epilogue(g, 0, g.m);
}

template <class T>
void transpose_matrix(T* dst, Index ldd, const T* src, Index lds, Index rows, Index cols) {
    transpose_into(dst, ldd, src, lds, rows, cols);
}

template <class T>
void finish(const GemmArgs<T>& g) {
    epilogue(g, 0, g.m);
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
    t.narrow_cols = kNarrow<T>;
    t.narrow[0] = narrow<T, false>;
    t.narrow[1] = narrow<T, true>;
    t.stream[0] = stream<T, false>;
    t.stream[1] = stream<T, true>;
    t.row[0] = row<T, false>;
    t.row[1] = row<T, true>;
    t.block[0][0][0] = block<T, false, false, false>;
    t.block[0][0][1] = block<T, false, false, true>;
    t.block[0][1][0] = block<T, false, true, false>;
    t.block[0][1][1] = block<T, false, true, true>;
    t.block[1][0][0] = block<T, true, false, false>;
    t.block[1][0][1] = block<T, true, false, true>;
    t.block[1][1][0] = block<T, true, true, false>;
    t.block[1][1][1] = block<T, true, true, true>;
    t.packed[0] = packed<T, false>;
    t.packed[1] = packed<T, true>;
    t.pack[0] = pack_panels<T, false>;
    t.pack[1] = pack_panels<T, true>;
    t.transpose = transpose_matrix<T>;
    t.epilogue = finish<T>;
    return t;
}

DS_ISA_END
