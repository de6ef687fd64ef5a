// What an instruction set offers for matrix products, and the operands of one product. Upper layers see only
// this; gemm.h of this folder implements it, csrc/gemm/ decides which of the paths a product takes.
//
// Every path gives the same bits: C[i][j] is one fma chain in ascending k per chunk of kSumChunk k's, the
// chunk sums added in ascending order, then the bias, then the epilogue's function.
#pragma once
#include "core/types.h"
#include "kernels/pointwise_table.h"

namespace ds {

// Memory that is wanted once a product is done: up to three arrays of n elements. Products of a transposed A with B
// in place ask for it, into the second-level cache, while they multiply; the others do without.
template <class T>
struct Wanted {
    const T* p[3] = {};  // null, but for the first: fewer
    Index n = 0;
};

// C (m, n) = A (m, k) · B (k, n), all row-major with leading dimensions. A plan may read A or B transposed:
// then `a` points at a (k, m) matrix, `b` at an (n, k) one. C is overwritten, or with `accumulate` takes the
// chunk sums on top of what it holds; it may not overlap A or B.
//
// The epilogue, on rows that are still in cache, is PointwiseKernels' forward or backward (or
// neither):
//   forward   y = act(c + bias), written to `y`, or in place of c when y is null (then c holds act(c + bias))
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

    Index beyond = 0;  // of the n columns, the last ones, which mean nothing: forward may leave them out
    Activate<T> forward = nullptr;
    T* y = nullptr;
    Index ldy = 0;
    ActivateBack<T> backward = nullptr;
    const T* saved = nullptr;
    Index ld_saved = 0;
    T alpha = T(0);

    const Wanted<T>* wanted = nullptr;
};

// One k-chunk of a block of columns of C, at most kSumChunk k's. B is packed into panels as the first strip
// of rows passes, and stays in the second-level cache for the others; A is read in place, or packed strip by
// strip.
template <class T>
struct GemmBlock {
    Index m = 0, n = 0, k = 0;
    const T* a = nullptr;
    Index lda = 0;
    const T* b = nullptr;
    Index ldb = 0;
    const T* next_b = nullptr;  // what the next block will pack, if there is one: asked for ahead of time
    T* panels = nullptr;        // room for k x n (up to whole panels)
    T* strip = nullptr;         // room for two strips of tile_rows x kSumChunk, where A is packed
    T* c = nullptr;
    Index ldc = 0;
    const T* bias = nullptr;  // added with the last chunk
    bool first = true;        // overwrite C, else add to it
};

// A matrix of more bytes than this is not in the first-level cache when it is wanted.
inline constexpr Index kStreamFrom = Index(1) << 17;
// Nor in the second-level cache; and so few rows that reading it is what takes the time.
inline constexpr Index kStreamRowsFrom = Index(1) << 21, kStreamRows = 8;

template <class T>
struct GemmKernels {
    using Whole = void (*)(const GemmArgs<T>&);
    using Block = void (*)(const GemmBlock<T>&);
    using Pack = void (*)(T* panels, const T* b, Index ldb, Index k, Index n);

    Index width = 0;      // lanes of a register
    Index tile_rows = 0;  // the register tile of the blocked path
    Index tile_cols = 0;
    Index narrow_cols = 0;

    // Whole products straight from the operands. [1] reads A transposed.
    Whole direct[2] = {};
    // n = 1: vectorised over the rows of A. [1] reads A transposed. lda, ldb (B's stride) and ldc are
    // honoured.
    Whole column[2] = {};
    // n = 2 … narrow_cols, none if that is less: vectorised over the rows of C. [1] reads A transposed.
    Whole narrow[2] = {};
    // m = 1 and a B of more than kStreamFrom bytes; [1] reads A (k values) with stride lda. [0] takes up to kStreamRows
    // rows.
    Whole stream[2] = {};
    // m = 1 with B transposed: vectorised over the rows of B. [1] reads A (k values) with stride lda.
    Whole row[2] = {};

    // Whole products with B packed beforehand: chunk behind chunk what pack makes of each, panels of
    // tile_cols columns, the last filled up with zeros. packed: [A transposed]; pack: [B transposed].
    Whole packed[2] = {};
    Pack pack[2] = {};

    // One chunk of a block: [A transposed][B transposed][A is packed].
    Block block[2][2][2] = {};
    // dst (cols, rows) = src (rows, cols) transposed. They may not overlap.
    void (*transpose)(T* dst, Index ldd, const T* src, Index lds, Index rows, Index cols) = nullptr;
    // What run() would do after the last chunk.
    Whole epilogue = nullptr;
};

}  // namespace ds
