// Packing: copies of A and B in the order in which the tiles read them, so that a tile's operands are one
// stream of whole cache lines. Only large products need it; small ones read the matrices in place.
#pragma once
#include "core/types.h"
#include "simd/turn.h"

DS_ISA_BEGIN

// Element by element, for what is smaller than a block.
template <class T>
DS_INLINE void transpose_few(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) dst[j * ld_dst + i] = src[i * ld_src + j];
}

// In blocks of kRows x kCols, kTogether of them one below the other before those beside them. The last
// ones reach back over elements that are done already.
template <class Block, Index kRows, Index kCols, Index kTogether, class T>
DS_INLINE void transpose_blocks(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    constexpr Index kDown = kRows * kTogether;
    for (Index i = 0; i < rows; i += kDown) {
        if (i > rows - kDown) i = rows - kDown;
        for (Index j = 0; j < cols; j += kCols) {
            if (j > cols - kCols) j = cols - kCols;
            for (Index down = i; down < i + kDown; down += kRows) {
                Block block;
                block.load(src + down * ld_src + j, ld_src);
                T* to = dst + j * ld_dst + down;
                for (Index l = 0; l < kCols; ++l)
                    __builtin_memcpy(to + l * ld_dst, &block.col[l], sizeof block.col[l]);
            }
        }
    }
}

// dst(j, i) = src(i, j) for rows x cols elements of src; rows of dst are ld_dst apart. Whole cache lines of dst at once
// where there is room: with rows a power of two apart, few lines stay in the cache until their other half comes.
template <class T>
DS_INLINE void transpose_into(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    constexpr Index N = kSquare<T>, kLine = 64 / Index(sizeof(T));
    using Lines = Turned<T>;
    if (rows >= kLine && cols >= Lines::kCols)
        transpose_blocks<Lines, Lines::kRows, Lines::kCols, kLine / Lines::kRows>(dst, ld_dst, src, ld_src,
                                                                                  rows, cols);
    else if (rows >= N && cols >= N)
        transpose_blocks<Square<T>, N, N, 1>(dst, ld_dst, src, ld_src, rows, cols);
    else
        transpose_few(dst, ld_dst, src, ld_src, rows, cols);
}

// `rows` rows of A, k-major with kTile rows' room each.
template <class T, bool kTransposed, int kTile>
void pack_a(T* tile, const T* a, Index lda, Index rows, Index k) {
    if constexpr (!kTransposed) return transpose_into(tile, kTile, a, lda, rows, k);
    constexpr int W = Vec<T>::W;
    for (Index p = 0; p < k; ++p) {
        Index i = 0;
        for (; i + W <= rows; i += W) store(tile + p * kTile + i, load(a + p * lda + i));
        if (i < rows) storen(tile + p * kTile + i, loadn(a + p * lda + i, rows - i), rows - i);
    }
}

// One panel of V registers of columns, filled up with zeros.
template <class T, int V, bool kTransposed>
void pack_b(T* panel, const T* b, Index ldb, Index k, Index cols) {
    constexpr int W = Vec<T>::W;
    constexpr Index kCols = V * W;
    if constexpr (kTransposed) {
        transpose_into(panel, kCols, b, ldb, cols, k);
        for (Index i = cols; i < kCols; ++i)
            for (Index p = 0; p < k; ++p) panel[p * kCols + i] = T(0);
    } else if (cols == kCols) {
        for (Index p = 0; p < k; ++p)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) store(panel + p * kCols + v * W, load(b + p * ldb + v * W));
    } else {
        for (Index p = 0; p < k; ++p)
            for (int v = 0; v < V; ++v) {
                const Index left = cols - v * W, n = left < 0 ? 0 : left < W ? left : W;
                store(panel + p * kCols + v * W, loadn(b + p * ldb + (n > 0 ? v * W : 0), n));
            }
    }
}

DS_ISA_END
