// Matrix products under the numerics contract (ARCHITECTURE.md). A plan chooses the path of a product once;
// run() only follows it. This file depends on no instruction set: GemmKernels holds the loops over tiles (gemm.h).
// It is no BLAS: alpha is 1, beta is 0 or, with `accumulate`, 1, and C must not overlap an operand.
//
//   GemmPlan<float> plan(table.f32.gemm, {.m = batch, .n = outputs, .k = inputs});
//   T* scratchpad = <plan.scratchpad_size() elements per worker, 64-byte aligned>;
//   plan.run({.m = rows, .n = outputs, .k = inputs, .a = x, .lda = ldx, .b = w, .ldb = ldw, .c = y, .ldc = ldy},
//            scratchpad);
//
// Forward         Y = X · W     {batch, outputs, inputs}
// Input gradient  dX = dY · Wᵀ  {batch, inputs, outputs}, b = a transposed copy, or W itself with transpose_b
// Weight gradient dW = Xᵀ · dY  {inputs, outputs, batch, transpose_a}
//
// If one B takes part in many products of few rows (a recurrent step: H += h · W), pack it once:
//
//   GemmPlan<float> plan(table.f32.gemm, {.m = batch, .n = outputs, .k = inputs, .packed_b = true});
//   plan.pack(w, ldw, packed);  // plan.packed_size() elements, 64-byte aligned; again after every update
//   plan.run({.m = rows, .n = outputs, .k = inputs, .a = h, .lda = ldh, .b = packed, .c = y, .ldc = ldy,
//             .accumulate = true}, nullptr);
//
// With packed_b, run() may get fewer rows than planned, n and k must be the plan's, and ldb is ignored.
#pragma once
#include <memory>

#include "core/types.h"
#include "kernels/gemm/gemm_table.h"

namespace ds {

// The path of a product. The bits do not depend on it. Only tests and measurements choose a path.
enum class GemmPath {
    kAuto,
    kUnpacked,       // A and B in place
    kBlocked,        // B packed, A in place
    kBlockedPacked,  // both packed
    kSwapped,        // Cᵀ = BᵀAᵀ with B in place, for a transposed B
};

struct GemmShape {
    Index m = 0, n = 0, k = 0;  // upper bounds of what run() gets
    bool transpose_a = false;   // `a` is stored (k, m)
    bool transpose_b = false;   // `b` is stored (n, k)
    bool packed_b = false;      // `b` was packed by pack()
    Index lda = 0, ldb = 0;     // leading dimensions, 0 if contiguous; a hint for speed
    bool aligned_b = true;      // b's rows begin on cache lines; a hint for speed
    GemmPath path = GemmPath::kAuto;
};

template <class T>
class GemmPlan {
public:
    GemmPlan() = default;
    GemmPlan(const GemmKernels<T>& kernels, const GemmShape& shape);

    // Elements of the scratchpad that run() and share() need per worker, 64-byte aligned; 0 for small products.
    Index scratchpad_size() const { return scratchpad_size_; }

    // Computes the product. `args` must have the plan's layouts; its strides are free. Several threads may run
    // one plan on different rows or columns of C, each with its own scratchpad.
    void run(const GemmArgs<T>& args, T* scratchpad) const {
        if (product_fn_ != nullptr)
            product_fn_(args);
        else if (swapped_)
            run_swapped(args, scratchpad);
        else
            run_blocks(args, scratchpad);
    }

    // Computes the part of worker `worker`: whole rows or whole columns of C, never a part of a sum. So the bits
    // are those of run() for any number of workers. Workers do not wait for each other.
    void share(const GemmArgs<T>& args, int worker, int workers, T* scratchpad) const;

    // With packed_b: the elements of the packed B, and packing B from (k, n), or (n, k) with transpose_b.
    Index packed_size() const { return padded_cols() * shape_.k; }
    void pack(const T* b, Index ldb, T* packed) const;

    const GemmShape& shape() const { return shape_; }

private:
    Index padded_cols() const;
    GemmArgs<T> slice_columns(const GemmArgs<T>& args, Index j, Index n) const;
    void plan_swapped();
    void run_swapped(const GemmArgs<T>& args, T* scratchpad) const;
    void run_blocks(const GemmArgs<T>& args, T* scratchpad) const;
    void run_block(const GemmArgs<T>& args, const T* next_b, T* scratchpad) const;

    typename GemmKernels<T>::ProductFn product_fn_ = nullptr;
    typename GemmKernels<T>::BlockFn block_fn_ = nullptr;
    std::shared_ptr<const GemmPlan> swapped_;  // the product that run_swapped() runs
    const GemmKernels<T>* kernels_ = nullptr;
    GemmShape shape_;
    Index scratchpad_size_ = 0;
    // BLIS's NC: columns of B whose packed chunk stays in the L2 cache, or columns of C per swapped product.
    Index nc_ = 0;
    Index swapped_ld_ = 0;       // leading dimension of Aᵀ and Cᵀ
    Index packed_a_offset_ = 0;  // in the scratchpad, after the packed B
    bool pack_a_ = false;
};

}  // namespace ds
