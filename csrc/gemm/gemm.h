// Matrix products under the numerics contract (ARCHITECTURE.md): a plan decides once which path a product
// takes, and running it decides nothing. Free of instruction sets: the loops over tiles are kernels/gemm.h,
// reached through GemmKernels. Not a BLAS: alpha is 1, beta is 0 or (accumulate)
// 1, and C never overlaps an operand.
//
//   GemmPlan<float> plan(table.f32.gemm, {.m = batch, .n = outputs, .k = inputs});
//   T* scratch = <plan.scratch() elements, 64-byte aligned, one piece per worker>;
//   plan.run({.m = rows, .n = outputs, .k = inputs, .a = x, .lda = ldx, .b = w, .ldb = ldw, .c = y, .ldc = ldy},
//            scratch);
//
// Forward         Y = X · W     {batch, outputs, inputs}
// Input gradient  dX = dY · Wᵀ  {batch, inputs, outputs}, b = a transposed copy, or W itself with transpose_b
// Weight gradient dW = Xᵀ · dY  {inputs, outputs, batch, transpose_a}
//
// Many products with one B and few rows (a recurrent step: H += h · W) pack B once:
//
//   GemmPlan<float> plan(table.f32.gemm, {.m = batch, .n = outputs, .k = inputs, .packed_b = true});
//   plan.pack(w, ldw, packed);  // plan.packed_size() elements, 64-byte aligned; again after every update
//   plan.run({.m = rows, .n = outputs, .k = inputs, .a = h, .lda = ldh, .b = packed, .c = y, .ldc = ldy,
//             .accumulate = true}, nullptr);
//
// Rows may be fewer than planned and shared; n and k are the plan's, and ldb means nothing.
#pragma once
#include <memory>

#include "core/types.h"
#include "kernels/gemm_table.h"

namespace ds {

// How a product is walked. Bits do not depend on it; tests and measurements name a path, everyone else leaves
// kAuto.
enum class GemmPath {
    kAuto,
    kDirect,         // operands in place
    kBlocked,        // B packed, A in place
    kBlockedPacked,  // both packed
    kTurned,         // of B transposed: Cᵀ = B·Aᵀ, B in place
};

struct GemmShape {
    Index m = 0, n = 0, k = 0;  // the most of each that run() will see; fewer rows, columns or k's are fine
    bool transpose_a = false;   // `a` is stored (k, m)
    bool transpose_b = false;   // `b` is stored (n, k)
    bool packed_b = false;      // `b` is what pack() made of it
    Index lda = 0, ldb = 0;     // leading dimensions if known (0: tight); only speed depends on them
    bool aligned_b = true;      // b's rows begin on cache lines; only speed depends on it
    GemmPath path = GemmPath::kAuto;
};

template <class T>
class GemmPlan {
public:
    GemmPlan() = default;
    GemmPlan(const GemmKernels<T>& kernels, const GemmShape& shape);

    // Elements of scratch that run() and share() need per worker, 64-byte aligned; 0 for small products.
    Index scratch() const { return scratch_; }

    // The product of args: its strides are its own, its layouts those of the plan. Several threads may run
    // one plan, each with its own scratch, on different rows or columns of C.
    void run(const GemmArgs<T>& args, T* scratch) const {
        if (whole_ != nullptr)
            whole_(args);
        else if (turned_)
            run_turned(args, scratch);
        else
            run_blocks(args, scratch);
    }

    // Worker `worker`'s part of the same product: whole rows or whole columns of C, never part of a sum, so
    // the bits are run()'s for any number of workers. No barrier inside.
    void share(const GemmArgs<T>& args, int worker, int workers, T* scratch) const;

    // With packed_b: the room for B packed (k, n), and packing it from where it lies ((n, k) if transpose_b).
    Index packed_size() const { return padded_cols() * shape_.k; }
    void pack(const T* b, Index ldb, T* packed) const;

    const GemmShape& shape() const { return shape_; }

private:
    Index padded_cols() const;
    GemmArgs<T> columns(const GemmArgs<T>& args, Index j, Index n) const;
    void plan_turned();
    void run_turned(const GemmArgs<T>& args, T* scratch) const;
    void run_blocks(const GemmArgs<T>& args, T* scratch) const;
    void run_block(const GemmArgs<T>& args, const T* next_b, T* scratch) const;

    typename GemmKernels<T>::Whole whole_ = nullptr;
    typename GemmKernels<T>::Block block_ = nullptr;
    std::shared_ptr<const GemmPlan> turned_;  // what run_turned() runs
    const GemmKernels<T>* kernels_ = nullptr;
    GemmShape shape_;
    Index scratch_ = 0;
    // Columns of B whose chunk stays in the second-level cache while A's strips pass, or that are turned at once.
    Index block_cols_ = 0;
    Index turned_ld_ = 0;  // of A and C turned around
    Index strip_ = 0;      // where in the scratch a strip of A goes, behind the panels of B
    bool pack_a_ = false;
};

// The plain form for one-off products and tests.
template <class T>
void gemm_share(const GemmPlan<T>& plan, const GemmArgs<T>& args, int worker, int workers, T* scratch) {
    plan.share(args, worker, workers, scratch);
}

}  // namespace ds
