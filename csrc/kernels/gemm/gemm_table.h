// The matrix products of one instruction set as function pointers, and the operands of a product. The layers
// above include only this header. gemm.h implements the functions; gemm_plan.h chooses one for each product.
//
// Names follow BLIS: the blocked path has loops jc, pc, ir, jr, register tiles of MR x NR elements and chunks
// of KC values of k. A micropanel is MR rows of A or NR columns of B over one chunk.
//
// Every path gives the same bits. C[i][j] is one fma chain in ascending k per chunk of kKC values of k. The
// chunk sums are added in ascending order, then the bias; the epilogue's function is applied last.
#pragma once
#include "core/types.h"
#include "kernels/elementwise/elementwise_table.h"

namespace ds {

// BLIS's KC. The numerics contract fixes it, because the order of a sum depends on it.
inline constexpr Index kKC = kSumChunk;

// Up to three arrays of n elements that the caller reads after the product. Products of a transposed A with
// an unpacked B prefetch them into the L2 cache while they multiply. The other products ignore the hint.
template <class T>
struct PrefetchHint {
    const T* p[3] = {};  // p[1] and p[2] may be null
    Index n = 0;
};

// C (m, n) = A (m, k) · B (k, n), all row-major with leading dimensions. If the plan reads A transposed, `a`
// points at a (k, m) matrix; if it reads B transposed, `b` points at an (n, k) matrix. The product overwrites
// C, or adds to it if `accumulate` is set. C must not overlap A or B.
//
// The epilogue is PointwiseKernels' forward or backward, or none. It runs on rows that are still in cache:
//   forward   y = act(c + bias), written to `y`; if y is null, c = act(c + bias)
//   backward  c = c * act'(saved)
template <class T>
struct GemmArgs {
    Index m = 0, n = 0, k = 0;
    const T* a = nullptr;
    Index lda = 0;
    const T* b = nullptr;
    Index ldb = 0;
    T* c = nullptr;
    Index ldc = 0;
    const T* bias = nullptr;  // n values, or null
    bool accumulate = false;

    Index padding_cols = 0;  // the last columns of n are padding: forward may leave them unspecified
    Activate<T> forward = nullptr;
    T* y = nullptr;
    Index ldy = 0;
    ActivateBack<T> backward = nullptr;
    const T* saved = nullptr;
    Index ld_saved = 0;
    T alpha = T(0);

    const PrefetchHint<T>* prefetch_hint = nullptr;
};

// One chunk (k <= kKC) of a block of columns of C: BLIS's macrokernel. The first micropanel of A packs B
// while it multiplies. The packed B stays in the L2 cache for the other micropanels. A is read in place or
// packed one micropanel at a time.
template <class T>
struct GemmBlock {
    Index m = 0, n = 0, k = 0;
    const T* a = nullptr;
    Index lda = 0;
    const T* b = nullptr;
    Index ldb = 0;
    const T* next_b = nullptr;  // B of the next block, which is prefetched; null after the last block
    T* packed_b = nullptr;      // k x n elements, n rounded up to NR
    T* packed_a = nullptr;      // two micropanels of MR x kKC elements, if A is packed
    T* c = nullptr;
    Index ldc = 0;
    const T* bias = nullptr;  // added with the last chunk
    bool overwrite = true;    // C = sums; else C += sums
};

// A larger matrix does not stay in the L1 cache between two products.
inline constexpr Index kStreamMinBytes = Index(1) << 17;
// A larger matrix does not stay in the L2 cache either. With at most kStreamMaxRows rows of A, reading it
// takes most of the time.
inline constexpr Index kStreamRowsMinBytes = Index(1) << 21, kStreamMaxRows = 8;

template <class T>
struct GemmKernels {
    using ProductFn = void (*)(const GemmArgs<T>&);
    using BlockFn = void (*)(const GemmBlock<T>&);
    using PackFn = void (*)(T* packed, const T* b, Index ldb, Index k, Index n);

    Index width = 0;        // lanes of a register
    Index mr = 0;           // rows of the register tile
    Index nr = 0;           // columns of the register tile
    Index small_n_max = 0;  // most columns for small_n

    // Whole products that read both operands in place. [1] reads A transposed.
    ProductFn unpacked[2] = {};
    // n = 1, vectorised over the rows of A. [1] reads A transposed. ldb is the stride of B's elements.
    ProductFn column[2] = {};
    // 2 <= n <= small_n_max, vectorised over the rows of C. [1] reads A transposed.
    ProductFn small_n[2] = {};
    // m = 1 and a B of more than kStreamMinBytes. [0] takes up to kStreamMaxRows rows; [1] reads A's k
    // elements with stride lda.
    ProductFn stream[2] = {};
    // m = 1 and B transposed, vectorised over the rows of B. [1] reads A's k elements with stride lda.
    ProductFn row[2] = {};

    // Whole products with a B that `pack` has packed, one chunk after the other. A chunk consists of
    // micropanels of NR columns; zeros pad the last one. packed: [A transposed]; pack: [B transposed].
    ProductFn packed[2] = {};
    PackFn pack[2] = {};

    // One chunk of a block: [A transposed][B transposed][A packed].
    BlockFn block[2][2][2] = {};
    // dst (cols, rows) = src (rows, cols) transposed. They must not overlap.
    void (*transpose)(T* dst, Index ldd, const T* src, Index lds, Index rows, Index cols) = nullptr;
    // The epilogue alone, on all rows of C.
    ProductFn epilogue = nullptr;
};

}  // namespace ds
