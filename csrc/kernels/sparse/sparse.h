// The product of a sparse and a dense matrix: row i of C is a sum of the rows of B that the entries of row i
// of A name. A few registers of columns at a time, with the sums in registers. The additions have the order of
// the dense product: one fma chain per chunk of kSumChunk values of k, and the chunk sums in ascending order.
#pragma once
#include "kernels/gemm/gemm_tile.h"
#include "kernels/sparse/sparse_table.h"
#include "simd/vec.h"

DS_ISA_BEGIN

// Registers of columns: a chunk's sums, the row's sums, and the operands fit the instruction set.
#if defined(DS_ISA_AVX512) || defined(DS_ISA_NEON)
inline constexpr int kSparseVectors = 8;
#else
inline constexpr int kSparseVectors = 4;
#endif

DS_INLINE Index chunks_of(Index k) { return (k + kSumChunk - 1) / kSumChunk; }

template <class T, int V>
DS_INLINE bool any_negative_zero(const Vec<T>* sums) {
    const Vec<T> zeros(T(0));
    Mask<T> found = sums[0] == zeros;
    for (int v = 1; v < V; ++v) found = found | (sums[v] == zeros);
    if (!any(found)) return false;
    found = (sums[0] == zeros) & (copysign(Vec<T>(T(1)), sums[0]) < zeros);
    for (int v = 1; v < V; ++v)
        found = found | ((sums[v] == zeros) & (copysign(Vec<T>(T(1)), sums[v]) < zeros));
    return any(found);
}

// One register of columns of row i, with all products: the missing elements of A are multiplied as +0.
template <class T>
[[gnu::noinline]] DS_KERNEL void multiply_all(const SparseProduct<T>& g, Index i, Index j, Index lanes) {
    Index e = g.a.begin[i];
    const Index end = g.a.end[i], k_end = g.a.cols;
    Vec<T> total(T(0));
    for (Index chunk = 0; chunk < k_end; chunk += kSumChunk) {
        const Index chunk_end = chunk + kSumChunk < k_end ? chunk + kSumChunk : k_end;
        Vec<T> sum(T(0));
        for (Index k = chunk; k < chunk_end; ++k) {
            const T x = e < end && g.a.column[e] == k ? g.a.value[e++] : T(0);
            sum = fma(Vec<T>(x), loadn(g.b + k * g.ldb + j, lanes), sum);
        }
        total = chunk == 0 ? sum : total + sum;
    }
    if (g.bias != nullptr) total = total + loadn(g.bias + j, lanes);
    storen(g.c + i * g.ldc + j, total, lanes);
}

// V registers of columns of row i, from column j on. With kTail the last register has `lanes` columns.
template <class T, int V, bool kTail>
DS_INLINE void sparse_columns(const SparseProduct<T>& g, Index i, Index j, Index lanes) {
    constexpr Index W = Vec<T>::W;
    const auto load_v = [lanes](const T* p, int v) DS_LAMBDA {
        return kTail && v == V - 1 ? loadn(p + v * W, rematerialized(lanes)) : load(p + v * W);
    };
    const T* const b = g.b + j;
    const Column* const column = g.a.column;
    const T* const value = g.a.value;
    const Index ldb = g.ldb, end = g.a.end[i];
    Index e = g.a.begin[i], chunks = 0;
    Vec<T> total[V];
    for (int v = 0; v < V; ++v) total[v] = zero<T>();
    while (e < end) {
        const Column chunk_end = (column[e] | Column(kSumChunk - 1));  // the last k of the chunk
        Vec<T> sum[V];
        for (int v = 0; v < V; ++v) sum[v] = zero<T>();
        do {
            const Vec<T> x(value[e]);
            const T* row = b + column[e] * ldb;
            for (int v = 0; v < V; ++v) accumulate(sum[v], x, load_v(row, v));
        } while (++e < end && column[e] <= chunk_end);
        for (int v = 0; v < V; ++v) total[v] = chunks == 0 ? sum[v] : total[v] + sum[v];
        ++chunks;
    }
    // A chunk without entries adds +0, and so does the dense product of a single k.
    if (chunks < chunks_of(g.a.cols) || (g.a.cols == 1 && g.bias == nullptr)) {
        for (int v = 0; v < V; ++v) total[v] = total[v] + zero<T>();
    } else if (any_negative_zero<T, V>(total)) {
        for (int v = 0; v < V; ++v) multiply_all(g, i, j + v * W, kTail && v == V - 1 ? lanes : W);
        return;
    }
    T* const c = g.c + i * g.ldc + j;
    for (int v = 0; v < V; ++v) {
        if (g.bias != nullptr) total[v] = total[v] + load_v(g.bias + j, v);
        if (kTail && v == V - 1)
            storen(c + v * W, total[v], lanes);
        else
            store(c + v * W, total[v]);
    }
}

template <class T, int V>
DS_INLINE void sparse_tail(const SparseProduct<T>& g, Index i, Index j, Index n) {
    constexpr Index W = Vec<T>::W;
    if constexpr (V > 1) {
        if (n <= (V - 1) * W) return sparse_tail<T, V - 1>(g, i, j, n);
    }
    sparse_columns<T, V, true>(g, i, j, n - (V - 1) * W);
}

template <class T>
DS_KERNEL void sparse_product(const SparseProduct<T>& g) {
    constexpr Index W = Vec<T>::W, kWidth = kSparseVectors * W;
    for (Index i = 0; i < g.a.rows; ++i) {
        if (g.multiply_zeros) {
            for (Index j = 0; j < g.n; j += W) multiply_all(g, i, j, g.n - j < W ? g.n - j : W);
            continue;
        }
        Index j = 0;
        for (; j + kWidth <= g.n; j += kWidth) sparse_columns<T, kSparseVectors, false>(g, i, j, 0);
        if (j < g.n) sparse_tail<T, kSparseVectors>(g, i, j, g.n - j);
    }
}

template <class T>
constexpr SparseKernels<T> sparse_kernels() {
    return {sparse_product<T>};
}

DS_ISA_END
