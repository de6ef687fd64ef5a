// Packing: copies of A and B in the order in which the tiles read them, so that a tile's operands are one
// stream of whole cache lines. Only large products need it; small ones read the matrices in place.
#pragma once
#include "core/types.h"
#include "simd/transpose.h"

DS_ISA_BEGIN

// dst(j, i) = src(i, j) for rows x cols elements of src; rows of dst are ld_dst apart. The last squares reach
// back over elements that are done already.
template <class T>
DS_INLINE void transpose_into(T* dst, Index ld_dst, const T* src, Index ld_src, Index rows, Index cols) {
    constexpr int N = kSquare<T>;
    if (rows < N || cols < N) {
        for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < cols; ++j) dst[j * ld_dst + i] = src[i * ld_src + j];
        return;
    }
    for (Index i = 0; i < rows; i += N) {
        if (i > rows - N) i = rows - N;
        for (Index j = 0; j < cols; j += N) {
            if (j > cols - N) j = cols - N;
            Square<T> q;
            q.load(src + i * ld_src + j, ld_src);
            T* to = dst + j * ld_dst + i;
            for (int l = 0; l < N; ++l) Square<T>::store(to + l * ld_dst, q.col[l]);
        }
    }
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
