// Packing: copies of A and B in the order in which tiles read them. A tile then reads whole cache lines one
// after the other. Only large products pack; small ones read the matrices in place.
#pragma once
#include "core/types.h"
#include "simd/rotate_lanes.h"

DS_ISA_BEGIN

// Element by element, for matrices smaller than a block.
template <class T>
DS_INLINE void transpose_scalar(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) dst[j * ld_dst + i] = src[i * ld_src + j];
}

// In blocks of kRows x kCols. kStacked blocks, one below the other, are transposed before the next columns.
// The last blocks overlap the blocks before them.
template <class Block, Index kRows, Index kCols, Index kStacked, class T>
DS_INLINE void transpose_blocks(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    constexpr Index kStackedRows = kRows * kStacked;
    for (Index i = 0; i < rows; i += kStackedRows) {
        if (i > rows - kStackedRows) i = rows - kStackedRows;
        for (Index j = 0; j < cols; j += kCols) {
            if (j > cols - kCols) j = cols - kCols;
            for (Index row = i; row < i + kStackedRows; row += kRows) {
                Block block;
                block.load(src + row * ld_src + j, ld_src);
                T* to = dst + j * ld_dst + row;
                for (Index l = 0; l < kCols; ++l)
                    __builtin_memcpy(to + l * ld_dst, &block.col[l], sizeof block.col[l]);
            }
        }
    }
}

// dst(j, i) = src(i, j) for rows x cols elements of src; rows of dst are ld_dst apart. Writes whole cache
// lines of dst if the matrix is large enough: with rows a power of two apart, a half-written line is often
// evicted.
template <class T>
DS_INLINE void transpose_into(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    constexpr Index N = kSquareDim<T>, kLine = 64 / Index(sizeof(T));
    using Lines = WideTranspose<T>;
    if (rows >= kLine && cols >= Lines::kCols)
        transpose_blocks<Lines, Lines::kRows, Lines::kCols, kLine / Lines::kRows>(dst, ld_dst, src, ld_src,
                                                                                  rows, cols);
    else if (rows >= N && cols >= N)
        transpose_blocks<SquareTranspose<T>, N, N, 1>(dst, ld_dst, src, ld_src, rows, cols);
    else
        transpose_scalar(dst, ld_dst, src, ld_src, rows, cols);
}

// A micropanel of A: `rows` rows, stored k by k with kHeight elements for each value of k.
template <class T, bool kTransposed, int kHeight>
void pack_a(T* packed, const T* a, Index lda, Index rows, Index k) {
    if constexpr (!kTransposed) return transpose_into(packed, kHeight, a, lda, rows, k);
    constexpr int W = Vec<T>::W;
    for (Index p = 0; p < k; ++p) {
        Index i = 0;
        for (; i + W <= rows; i += W) store(packed + p * kHeight + i, load(a + p * lda + i));
        if (i < rows) storen(packed + p * kHeight + i, loadn(a + p * lda + i, rows - i), rows - i);
    }
}

// A micropanel of B: `cols` columns, padded with zeros to V registers.
template <class T, int V, bool kTransposed>
void pack_b(T* packed, const T* b, Index ldb, Index k, Index cols) {
    constexpr int W = Vec<T>::W;
    constexpr Index kWidth = V * W;
    if constexpr (kTransposed) {
        transpose_into(packed, kWidth, b, ldb, cols, k);
        for (Index i = cols; i < kWidth; ++i)
            for (Index p = 0; p < k; ++p) packed[p * kWidth + i] = T(0);
    } else if (cols == kWidth) {
        for (Index p = 0; p < k; ++p)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) store(packed + p * kWidth + v * W, load(b + p * ldb + v * W));
    } else {
        for (Index p = 0; p < k; ++p)
            for (int v = 0; v < V; ++v) {
                const Index left = cols - v * W, n = left < 0 ? 0 : left < W ? left : W;
                store(packed + p * kWidth + v * W, loadn(b + p * ldb + (n > 0 ? v * W : 0), n));
            }
    }
}

DS_ISA_END
