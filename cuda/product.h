// Matrix products on a device, with the bits of kernels/gemm: C[i][j] is one fma chain in ascending k per
// chunk of kSumChunk values of k; the chunk sums are added in ascending order, then the bias; the epilogue's
// function is applied last. A block of threads computes a tile of C at a time, from panels of A and B in
// shared memory. Any number of blocks gives the same bits. Of GemmArgs it reads what says C = A · B + bias; the
// epilogue is a template argument.
#pragma once
#include "core/types.h"
#include "kernels/gemm/gemm_table.h"
#include "simd/vec.h"

DS_ISA_BEGIN

struct NoEpilogue {
    template <class T>
    DS_INLINE T operator()(T z, Index, Index) const {
        return z;
    }
};

// A tile of C and its panels in shared memory. A thread computes kEach x kEach elements.
template <class T, int kTileRows, int kTileCols>
struct ProductTile {
    static constexpr int kRows = kTileRows, kCols = kTileCols, kDepth = 16, kEach = 4;
    static constexpr int kThreadCols = kCols / kEach, kThreads = kRows / kEach * kThreadCols;
    static_assert(kSumChunk % kDepth == 0);
    static constexpr int kPadding = 4;  // rows begin in different banks
    T a[kDepth][kRows + kPadding], b[kDepth][kCols + kPadding];
};

// Copies kDepth values of k of kCount rows of A, or columns of B, from number `first` on; beyond the matrix
// it stores zeros. kAlongK: neighbours in memory differ in k. Neighbouring threads read neighbouring memory.
template <bool kAlongK, class Tile, int kCount, class T>
DS_INLINE void load_panel(T (*to)[kCount + Tile::kPadding], const T* from, Index ld, Index first, Index count,
                          Index k, Index depth) {
    for (int i = int(threadIdx.x); i < kCount * Tile::kDepth; i += Tile::kThreads) {
        const int d = kAlongK ? i % Tile::kDepth : i / kCount, e = kAlongK ? i / Tile::kDepth : i % kCount;
        const bool inside = first + e < count && d < depth;
        const Index at = kAlongK ? (first + e) * ld + k + d : (k + d) * ld + first + e;
        to[d][e] = inside ? from[at] : T(0);
    }
}

template <bool kTransposedA, bool kTransposedB, class Tile, class T, class Epilogue>
DS_INLINE void product_tile(const GemmArgs<T>& g, Tile& tile, Index row0, Index col0,
                            const Epilogue& epilogue) {
    constexpr int kEach = Tile::kEach;
    const int x = int(threadIdx.x) % Tile::kThreadCols * kEach,
              y = int(threadIdx.x) / Tile::kThreadCols * kEach;
    T total[kEach][kEach], sum[kEach][kEach];
    for (int i = 0; i < kEach; ++i)
        for (int j = 0; j < kEach; ++j) {
            const Index row = row0 + y + i, col = col0 + x + j;
            total[i][j] = g.accumulate && row < g.m && col < g.n ? g.c[row * g.ldc + col] : T(0);
            sum[i][j] = T(0);
        }
    bool overwrite = !g.accumulate;
    Index k = 0;
    do {
        const Index depth = g.k - k < Tile::kDepth ? g.k - k : Index(Tile::kDepth);
        load_panel<!kTransposedA, Tile, Tile::kRows>(tile.a, g.a, g.lda, row0, g.m, k, depth);
        load_panel<kTransposedB, Tile, Tile::kCols>(tile.b, g.b, g.ldb, col0, g.n, k, depth);
        __syncthreads();
        for (int d = 0; d < depth; ++d)
            for (int i = 0; i < kEach; ++i)
                for (int j = 0; j < kEach; ++j)
                    sum[i][j] = fma(tile.a[d][y + i], tile.b[d][x + j], sum[i][j]);
#if !defined(DS_PLANTED_RACE)  // a test of the race detector
        __syncthreads();
#endif
        k += Tile::kDepth;
        if (k % kSumChunk != 0 && k < g.k) continue;  // the chunk goes on
        for (int i = 0; i < kEach; ++i)
            for (int j = 0; j < kEach; ++j) {
                total[i][j] = overwrite ? sum[i][j] : total[i][j] + sum[i][j];
                sum[i][j] = T(0);
            }
        overwrite = false;
    } while (k < g.k);
    for (int i = 0; i < kEach; ++i)
        for (int j = 0; j < kEach; ++j) {
            const Index row = row0 + y + i, col = col0 + x + j;
            if (row >= g.m || col >= g.n) continue;
            const T z = g.bias != nullptr ? total[i][j] + g.bias[col] : total[i][j];
            g.c[row * g.ldc + col] = epilogue(z, row, col);
        }
}

// The tiles of one of `blocks` blocks.
template <bool kTransposedA, bool kTransposedB, class Tile, class T, class Epilogue>
DS_INLINE void product(const GemmArgs<T>& g, Tile& tile, Index block, Index blocks,
                       const Epilogue& epilogue) {
    const Index across = (g.n + Tile::kCols - 1) / Tile::kCols;
    const Index tiles = across * ((g.m + Tile::kRows - 1) / Tile::kRows);
    for (Index t = block; t < tiles; t += blocks)
        product_tile<kTransposedA, kTransposedB>(g, tile, t / across * Tile::kRows, t % across * Tile::kCols,
                                                 epilogue);
}

DS_ISA_END
