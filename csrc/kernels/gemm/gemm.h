// The functions of GemmKernels: whole products and blocks of products, one micropanel of A after the other.
// The epilogue runs on a micropanel's rows of C while they are in cache. gemm_plan.h chooses among these
// functions.
#pragma once
#include "kernels/gemm/gemm_column.h"
#include "kernels/gemm/gemm_micropanel.h"
#include "kernels/gemm/gemm_pack.h"
#include "kernels/gemm/gemm_row.h"
#include "kernels/gemm/gemm_small_n.h"
#include "kernels/gemm/gemm_table.h"
#include "kernels/gemm/gemm_tile.h"
#include "kernels/gemm/gemm_transposed.h"

DS_ISA_BEGIN

// m = 1 and a B that exceeds the L1 cache, or a few rows and a B that exceeds the L2 cache.
template <class T, bool kTransposed>
void stream(const GemmArgs<T>& g) {
    if (!kTransposed && g.m > 1)
        stream_rows<T>(g);
    else
        stream_row<T, kTransposed>(g);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// All micropanels of A multiply the same few columns of B while these are in the L1 cache. Each but the first
// prefetches its share of the next columns: s.k rows from `next` on, ld apart. With fewer of them the shares
// would delay the tiles.
inline constexpr Index kPrefetchMinMicropanels = 4;

template <class T>
DS_INLINE void prefetch_next_columns(MicropanelArgs<T>& s, const MicropanelRows& ir, Index all, const T* next,
                                     Index ld) {
    const Index others = all - 1, done = others - ir.count - 1;  // micropanels after the first; before this
    s.prefetch_b = {};
    if (others < kPrefetchMinMicropanels || done < 0 || next == nullptr) return;
    const Index share = (s.k + others - 1) / others;
    s.prefetch_b = {prefetch_rows<true>(next + done * share * ld, ld, share), 0, 1};
}

// B exceeds the L2 cache, and the micropanels of A are few enough to stay in it.
inline constexpr Index kLargeBBytes = Index(1) << 21, kLargeBMinMicropanels = 3, kLargeBMaxMicropanels = 12;

template <class T>
void unpacked_large_b(const GemmArgs<T>& g) {
    const Index tile_n = tile_vectors(int(MicropanelRows(g.m).take())) * Vec<T>::W,
                count = MicropanelRows(g.m).count;
    MicropanelArgs<T> s{g.lda, g.ldb, g.ldc, nullptr, 0, 0, 0, {nullptr, !g.accumulate}, {}};
    const T *a = g.a, *b = g.b;
    Index left = g.k;
    do {
        s.k = left < kKC ? left : kKC;
        left -= s.k;
        for (Index jr = 0; jr < g.n; jr += tile_n) {
            s.n = g.n - jr < tile_n ? g.n - jr : tile_n;
            s.b = b + jr;
            if (left == 0 && g.bias != nullptr) s.options.bias = g.bias + jr;
            const T* next = jr + tile_n < g.n ? s.b + tile_n : left > 0 ? b + s.k * g.ldb : nullptr;
            for (MicropanelRows ir(g.m); ir.count > 0;) {
                const Index i = ir.next, rows = ir.take();
                s.options.prefetch_own_b = i == 0;
                prefetch_next_columns(s, ir, count, next, g.ldb);
                MicropanelKernels<T, false, false>::kTable[rows - 1](s, a + i * g.lda, g.c + i * g.ldc + jr);
            }
        }
        s.options.overwrite = false;
        b += s.k * g.ldb;
        a += s.k;
    } while (left > 0);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// m <= MR and k <= KC. Small products take this path because every instruction before their loop counts.
template <class T, bool kTransposed>
[[gnu::noinline]] void single_micropanel(const GemmArgs<T>& g) {
    MicropanelArgs<T> s{g.lda, g.ldb, g.ldc, g.b, g.k, 0, g.n, {g.bias, !g.accumulate}, {}};
    s.options.prefetch_own_b = g.m > 1 && g.k * g.ldb * Index(sizeof(T)) > kL2Bytes;
    MicropanelKernels<T, kTransposed, false>::kTable[g.m - 1](s, g.a, g.c);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// k = 1: every row of C is the only row of B times an element of A. V registers of columns from column j on;
// with kTail the last register has n lanes. The sum starts from 0 and so never is -0.
template <class T, int V, bool kTail>
DS_INLINE void outer_columns(const GemmArgs<T>& g, Index a_stride, Index j, Index n) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> zero_sum(T(0));
    const Index m = g.m, ldc = g.ldc;
    const T* a = g.a;
    T* c = g.c + j;
    Vec<T> b[V], bias[V];
    for (int v = 0; v < V; ++v) {
        const Index lanes = kTail && v == V - 1 ? n : W;
        b[v] = loadn(g.b + j + v * W, lanes);
        bias[v] = g.bias != nullptr ? loadn(g.bias + j + v * W, lanes) : zero_sum;
    }
    for (Index i = 0; i < m; ++i, a += a_stride, c += ldc) {
        const Vec<T> x(*a);
        for (int v = 0; v < V; ++v) {
            const Vec<T> sum = fma(x, b[v], zero_sum) + bias[v];
            if (kTail && v == V - 1)
                storen(c + v * W, sum, n);
            else
                store(c + v * W, sum);
        }
    }
}

template <class T>
[[gnu::noinline]] void outer(const GemmArgs<T>& g, Index a_stride) {
    constexpr Index W = Vec<T>::W;
    Index j = 0, left = g.n;
    for (; left >= 4 * W; j += 4 * W, left -= 4 * W) outer_columns<T, 4, false>(g, a_stride, j, W);
    if (left > 3 * W)
        outer_columns<T, 4, true>(g, a_stride, j, left - 3 * W);
    else if (left > 2 * W)
        outer_columns<T, 3, true>(g, a_stride, j, left - 2 * W);
    else if (left > W)
        outer_columns<T, 2, true>(g, a_stride, j, left - W);
    else if (left > 0)
        outer_columns<T, 1, true>(g, a_stride, j, left);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// k = 1, without bias or previous C: the input gradient of a single output needs no intermediate C. `rows` is
// g.m in a register: a compiler would load g.m and g.n at once, which waits for their separate stores.
template <class T>
[[gnu::noinline]] void outer_backward(const GemmArgs<T>& g, Index rows, Index a_stride) {
    g.backward({g.c, rows, g.n, g.ldc}, repeated_row(g.b, rows, g.n), {g.saved, rows, g.n, g.ld_saved},
               g.alpha, {g.a, rows, 1, a_stride});
}

template <class T>
[[gnu::noinline]] void unpacked_micropanels(const GemmArgs<T>& g) {
    const T* a = g.a;
    const bool has_epilogue = g.forward != nullptr || g.backward != nullptr;
    MicropanelArgs<T> s{g.lda, g.ldb, g.ldc, g.b, 0, 0, g.n, {nullptr, !g.accumulate}, {}};
    const bool b_exceeds_l2 = g.k * g.ldb * Index(sizeof(T)) > kL2Bytes;
    const Index count = MicropanelRows(g.m).count;
    if (g.k * g.ldb * Index(sizeof(T)) >= kLargeBBytes && count >= kLargeBMinMicropanels &&
        count <= kLargeBMaxMicropanels)
        return unpacked_large_b(g);
    if (!b_exceeds_l2 && g.k > kKC && g.m > kMR && g.m * g.lda * Index(sizeof(T)) > kL2Bytes) {
        for (MicropanelRows ir(g.m); ir.count > 0;) {  // A exceeds the L2 cache: read each row of it at once
            const Index i = ir.next;
            GemmArgs<T> part = g;
            part.m = ir.take();
            part.a += i * g.lda, part.c += i * g.ldc;
            if (g.y != nullptr) part.y += i * g.ldy;
            if (g.saved != nullptr) part.saved += i * g.ld_saved;
            unpacked_micropanels(part);
        }
        return;
    }
    Index left = g.k;
    do {
        s.k = left < kKC ? left : kKC;
        left -= s.k;
        if (left == 0) s.options.bias = g.bias;
        for (MicropanelRows ir(g.m); ir.count > 0;) {
            const Index i = ir.next, rows = ir.take();
            s.options.prefetch_own_b = b_exceeds_l2 && i == 0 && g.m > 1;
            MicropanelKernels<T, false, false>::kTable[rows - 1](s, a + i * g.lda, g.c + i * g.ldc);
            if (has_epilogue && left == 0) epilogue(g, i, rows);
        }
        s.options.overwrite = false;
        s.b += s.k * s.ldb;
        a += s.k;
    } while (left > 0);
}

// Every path is a function that is not inlined: a small product would else save the registers of larger ones.
template <class T, bool kTransposed>
void unpacked(const GemmArgs<T>& g) {
    const Index a_stride = kTransposed ? 1 : g.lda;
    if (g.m == 0) return;
    if (g.k == 1 && g.backward != nullptr && g.bias == nullptr && !g.accumulate)
        return outer_backward(g, g.m, a_stride);
    if (g.k == 1 && !g.accumulate) return outer(g, a_stride);
    if (g.m <= kMR && g.k <= kKC) return single_micropanel<T, kTransposed>(g);
    if constexpr (kTransposed) {
        const Index tiles = g.n / kNR<T>;
        const bool packs = g.m > kMR && tiles >= (a_exceeds_l2(g) ? kPackAMinTiles / 3 : kPackAMinTiles);
        return packs ? unpacked_transposed_a<T, true>(g) : unpacked_transposed_a<T, false>(g);
    } else {
        unpacked_micropanels(g);
    }
}

// 1 < n <= kSmallNMax columns. The tiles compute the product if it has few rows or if k is too small to
// transpose A.
template <class T, bool kTransposed>
void small_n(const GemmArgs<T>& g) {
    constexpr int W = Vec<T>::W, kMinK = WideTranspose<T>::kCols;
    if (g.m < W || g.n < 2 || g.k < (g.n <= W / 2 ? kMinK : 2 * kMinK)) return unpacked<T, kTransposed>(g);
    GemmArgs<T> last = g;  // the last rows, if they fill at most half a register
    last.m = g.m % W <= W / 2 ? g.m % W : 0;
    last.forward = nullptr, last.backward = nullptr;
    GemmArgs<T> body = g;
    body.m -= last.m;
    SmallN<T, kTransposed>::kTable[g.n - 2](body);
    if (last.m > 0) {
        last.a += body.m * (kTransposed ? 1 : g.lda), last.c += body.m * g.ldc;
        unpacked<T, kTransposed>(last);
    }
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// n = 1. If A is transposed, the product is bᵀA of a row-major A: one row of C.
template <class T, bool kTransposed>
void column(const GemmArgs<T>& g) {
    if (g.n == 0) return;
    if constexpr (!kTransposed) {
        matvec(g.m, g.k, g.a, g.lda, g.b, g.ldb, g.c, g.ldc, g.bias, 0, g.accumulate);
    } else {
        constexpr Index kBlock = 1024;
        T buffer[kBlock];
        for (Index i = 0; i < g.m; i += kBlock) {
            GemmArgs<T> swapped;
            swapped.m = 1, swapped.n = g.m - i < kBlock ? g.m - i : kBlock, swapped.k = g.k;
            swapped.a = g.b, swapped.lda = g.ldb, swapped.b = g.a + i, swapped.ldb = g.lda;
            swapped.c = g.ldc == 1 ? g.c + i : buffer, swapped.ldc = kBlock;
            swapped.accumulate = g.accumulate;
            if (g.ldc != 1 && g.accumulate)
                for (Index r = 0; r < swapped.n; ++r) buffer[r] = g.c[(i + r) * g.ldc];
            if (g.k * swapped.n * Index(sizeof(T)) > kStreamMinBytes)
                stream_row<T, true>(swapped);
            else
                unpacked<T, true>(swapped);
            if (g.ldc == 1 && g.bias == nullptr) continue;
            for (Index r = 0; r < swapped.n; ++r)
                g.c[(i + r) * g.ldc] = g.bias != nullptr ? swapped.c[r] + *g.bias : swapped.c[r];
        }
    }
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, g.m);
}

// m = 1 with B stored (n, k): c = B · a.
template <class T, bool kTransposed>
void row(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    matvec(g.n, g.k, g.b, g.ldb, g.a, kTransposed ? g.lda : 1, g.c, 1, g.bias, 1, g.accumulate);
    if (g.forward != nullptr || g.backward != nullptr) epilogue(g, 0, 1);
}

// One chunk of a block of columns. Before each tile of the first micropanel of A, a micropanel of B is
// packed.
template <class T, bool kTransposedA, bool kTransposedB, bool kPackA>
void block(const GemmBlock<T>& g) {
    const Index a_stride = kTransposedA ? 1 : g.lda, b_stride = kTransposedB ? g.ldb : 1;
    constexpr bool kPackAhead = kTransposedA && kPackA;  // tiles pack the next micropanel of A
    MicropanelArgs<T> s{kPackA ? kMR : g.lda, kNR<T>, g.ldc, g.packed_b, g.k, g.k * kNR<T>, g.n};
    s.options = {g.bias, g.overwrite};
    const Index tiles = (g.n + kNR<T> - 1) / kNR<T>, others = MicropanelRows(g.m).count - 1;
    PackedMicropanels<T> micropanels(g.a, g.lda, g.k, kPackAhead ? g.m : 0, g.n / kNR<T>, true, g.packed_a);
    for (MicropanelRows ir(g.m); ir.count > 0;) {
        const Index i = ir.next, rows = ir.take();
        const T* a = g.a + i * a_stride;
        if constexpr (kPackAhead) {
            a = micropanels.take(s, ir);
        } else {
            s.prefetch_a = {};
            if (ir.count > 0)
                s.prefetch_a = prefetch_rows_of_a<kTransposedA>(a + rows * a_stride, g.lda, rows, g.k, tiles);
            if (kPackA) {
                pack_a<T, kTransposedA, kMR>(g.packed_a, a, g.lda, rows, g.k);
                a = g.packed_a;
            }
        }
        const auto run = MicropanelKernels < T, kTransposedA || kPackA, true > ::kTable[rows - 1];
        if (i > 0) {
            // Each micropanel prefetches its share of the next block's rows of B, each tile a part of the
            // share.
            if (g.next_b != nullptr) {
                const Index share = ((kTransposedB ? g.n : g.k) + others - 1) / others;
                const Index part = kTransposedB ? share / tiles + 1 : share;
                const T* rows_of_b = g.next_b + (others - ir.count - 1) * share * g.ldb;
                s.prefetch_b = {prefetch_rows<!kTransposedB>(rows_of_b, g.ldb, part),
                                kTransposedB ? part * g.ldb : kNR<T>, tiles};
            }
            run(s, a, g.c + i * g.ldc);
            continue;
        }
        MicropanelArgs<T> tile_args = s;
        for (Index jr = 0; jr < g.n; jr += kNR<T>) {
            const T* b = g.b + jr * b_stride;
            T* packed_b = g.packed_b + jr * g.k;
            tile_args.b = packed_b, tile_args.n = g.n - jr < kNR<T> ? g.n - jr : kNR<T>;
            pack_b<T, kNRVectors, kTransposedB>(packed_b, b, g.ldb, g.k, tile_args.n);
            tile_args.prefetch_b = {
                prefetch_rows<!kTransposedB>(b + kNR<T> * b_stride, g.ldb, kTransposedB ? kNR<T> : g.k), 0,
                1};
            run(tile_args, a, g.c + jr);
            if (tile_args.options.bias != nullptr) tile_args.options.bias += kNR<T>;
        }
    }
}

// Packs one chunk of B, micropanel by micropanel.
template <class T, bool kTransposed>
void pack_chunk(T* packed, const T* b, Index ldb, Index k, Index n) {
    for (Index jr = 0; jr < n; jr += kNR<T>) {
        const Index cols = n - jr < kNR<T> ? n - jr : kNR<T>;
        pack_b<T, kNRVectors, kTransposed>(packed, b + jr * (kTransposed ? ldb : 1), ldb, k, cols);
        packed += k * kNR<T>;
    }
}

// B packed by pack_chunk, one chunk after the other. All micropanels of A multiply a few micropanels of B
// before the next ones are read. B is the large operand here, and it is read only once.
template <class T, bool kTransposed>
void packed(const GemmArgs<T>& g) {
    if (g.m == 0) return;
    const Index tile_n = tile_vectors(int(MicropanelRows(g.m).take())) / kNRVectors * kNR<T>,
                micropanels_of_b = (g.n + kNR<T> - 1) / kNR<T>, count = MicropanelRows(g.m).count;
    const T *a = g.a, *b = g.b;
    MicropanelArgs<T> s{g.lda, kNR<T>, g.ldc, nullptr, 0, 0, 0, {nullptr, !g.accumulate}, {}};
    Index left = g.k;
    do {
        s.k = left < kKC ? left : kKC;
        left -= s.k;
        s.panel_stride = s.k * kNR<T>;
        for (Index jr = 0; jr < g.n; jr += tile_n) {
            s.n = g.n - jr < tile_n ? g.n - jr : tile_n;
            s.b = b + jr * s.k;
            if (left == 0 && g.bias != nullptr) s.options.bias = g.bias + jr;
            const T* next = jr + tile_n < g.n ? s.b + tile_n * s.k
                            : left > 0        ? b + micropanels_of_b * s.panel_stride
                                              : nullptr;
            for (MicropanelRows ir(g.m); ir.count > 0;) {
                const Index i = ir.next, rows = ir.take();
                prefetch_next_columns(s, ir, count, next, kNR<T>);
                MicropanelKernels<T, kTransposed, true>::kTable[rows - 1](
                    s, a + i * (kTransposed ? 1 : g.lda), g.c + i * g.ldc + jr);
            }
        }
        s.options.overwrite = false;
        b += micropanels_of_b * s.panel_stride;
        a += s.k * (kTransposed ? g.lda : 1);
    } while (left > 0);
    epilogue(g, 0, g.m);
}

template <class T>
void transpose_matrix(T* dst, Index ldd, const T* src, Index lds, Index rows, Index cols) {
    transpose_into(dst, ldd, src, lds, rows, cols);
}

template <class T>
void apply_epilogue(const GemmArgs<T>& g) {
    epilogue(g, 0, g.m);
}

template <class T>
constexpr GemmKernels<T> gemm_kernels() {
    GemmKernels<T> t;
    t.width = Vec<T>::W;
    t.mr = kMR;
    t.nr = kNR<T>;
    t.unpacked[0] = unpacked<T, false>;
    t.unpacked[1] = unpacked<T, true>;
    t.column[0] = column<T, false>;
    t.column[1] = column<T, true>;
    t.small_n_max = kSmallNMax<T>;
    t.small_n[0] = small_n<T, false>;
    t.small_n[1] = small_n<T, true>;
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
    t.pack[0] = pack_chunk<T, false>;
    t.pack[1] = pack_chunk<T, true>;
    t.transpose = transpose_matrix<T>;
    t.epilogue = apply_epilogue<T>;
    return t;
}

DS_ISA_END
