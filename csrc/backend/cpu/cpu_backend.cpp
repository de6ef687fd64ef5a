#include "backend/cpu/cpu_backend.h"

#include <algorithm>
#include <atomic>

#include "core/memory/arena_planner.h"

namespace ds {
namespace {

// Operations of a product between two polls of the stop token: about 30 ms.
constexpr double kFlopsPerPoll = 2e9;

// Rows of a sparse product between two polls.
constexpr Index kSparseRowsPerPoll = 32;

int parts_to_poll(double flops) { return static_cast<int>(std::clamp(flops / kFlopsPerPoll, 1.0, 1e6)); }

template <class T>
[[gnu::noinline]] void run_cancellable(const GemmPlan<T>& plan, const GemmArgs<T>& args, Share share,
                                       const Worker<T>& worker) {
    const double flops = 2.0 * double(args.m) * double(args.n) * double(args.k);
    const int count = worker.stop_token ? parts_to_poll(flops / share.workers) : 1;
    for (int part = 0; part < count && (part == 0 || !worker.stop_requested()); ++part)
        plan.share(args, share.worker * count + part, share.workers * count, worker.scratchpad);
}

// Most products have one worker and no stop token. They skip the work that only the others need.
template <class T>
void run_shared(const GemmPlan<T>& plan, const GemmArgs<T>& args, Share share, const Worker<T>& worker) {
    if (share.workers == 1 && !worker.stop_token)
        plan.run(args, worker.scratchpad);
    else
        run_cancellable(plan, args, share, worker);
}

}  // namespace

template <class T>
Index CpuBackend<T>::padded_columns(Index columns) const {
    const Index width = kernels_.gemm.width;
    return leading_dim<T>(columns) == columns ? columns : (columns + width - 1) / width * width;
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const {
    return {kernels_.gemm, {.m = batch, .n = outputs, .k = inputs, .ldb = ldw}};
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                               bool transpose_w) const {
    return {kernels_.gemm, {.m = batch, .n = inputs, .k = outputs, .transpose_b = transpose_w, .ldb = ldw}};
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_backward_weight(Index batch, Index inputs, Index outputs, Index) const {
    return {kernels_.gemm, {.m = inputs, .n = outputs, .k = batch, .transpose_a = true}};
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_packed(Index batch, Index k, Index n, bool transpose) const {
    return {kernels_.gemm, {.m = batch, .n = n, .k = k, .transpose_b = transpose, .packed_b = true}};
}

template <class T>
void CpuBackend<T>::cell_forward(Cell cell, const CellForward<T>& op) const {
    assert(same_shape(op.h, op.y) && op.gates.rows == op.h.rows);
    assert(op.gates.cols == cell_shape(cell).gates * op.h.cols);
    kernels_.cell.forward[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_backward(Cell cell, const CellBackward<T>& op) const {
    assert(op.gates.rows == op.dh.rows && op.gates.cols == cell_shape(cell).gates * op.dh.cols);
    assert(!op.dgates || same_shape(op.dgates, op.gates));
    kernels_.cell.backward[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_tangent(Cell cell, const CellTangent<T>& op) const {
    assert(same_shape(op.h_dot, op.y_dot) && same_shape(op.gates_dot, op.gates));
    kernels_.cell.tangent[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_double_backward(Cell cell, const CellDoubleBackward<T>& op) const {
    assert(same_shape(op.gates_dot, op.backward.gates) && same_shape(op.dh_dot, op.backward.dh));
    kernels_.cell.double_backward[static_cast<int>(cell)](op);
}

// The operands of y = act(x W + b) but x.
template <class T>
[[gnu::always_inline]] inline GemmArgs<T> CpuBackend<T>::forward_arguments(const LinearForward<T>& op,
                                                                           Range rows) const {
    const GemmShape& shape = op.plan->shape();
    GemmArgs<T> g{.m = rows.size(),
                  .n = shape.n,
                  .k = op.x_is_zero ? 0 : shape.k,
                  .b = op.w,
                  .ldb = op.ldw,
                  .c = op.y.row(rows.begin),
                  .ldc = op.y.ld,
                  .bias = op.bias,
                  .accumulate = op.accumulate};
    if (op.activation.kind != Activation::kIdentity) {
        if (op.columns > 0) g.padding_cols = shape.n - op.columns;
        g.forward = kernels_.pointwise.forward[static_cast<int>(op.activation.kind)];
        g.alpha = op.activation.alpha;
    }
    if (op.saved) {
        g.y = g.c;
        g.ldy = g.ldc;
        g.c = op.saved.row(rows.begin);
        g.ldc = op.saved.ld;
    }
    return g;
}

template <class T>
void CpuBackend<T>::linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const {
    GemmArgs<T> g = forward_arguments(op, rows);
    g.a = op.x.row(rows.begin);
    g.lda = op.x.ld;
    run_shared(*op.plan, g, op.share, worker);
}

// A block of rows is still in cache when the epilogue reads it.
template <class T>
void CpuBackend<T>::sparse_forward(const LinearForward<T>& op, const SparseMatrix<T>& x, Range rows,
                                   const Worker<T>& worker) const {
    for (Index begin = rows.begin; begin < rows.end; begin += kSparseRowsPerPoll) {
        if (begin > rows.begin && worker.stop_requested()) return;
        const Range block{begin, std::min(begin + kSparseRowsPerPoll, rows.end)};
        const GemmArgs<T> g = forward_arguments(op, block);
        kernels_.sparse.product({.a = x.row_slice(block),
                                 .b = g.b,
                                 .ldb = g.ldb,
                                 .c = g.c,
                                 .ldc = g.ldc,
                                 .n = g.n,
                                 .bias = g.bias});
        if (g.forward != nullptr) kernels_.gemm.epilogue(g);
    }
}

template <class T>
void CpuBackend<T>::linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                                          const Worker<T>& worker) const {
    const GemmShape& shape = op.plan->shape();
    GemmArgs<T> g{.m = rows.size(),
                  .n = op.columns > 0 ? op.columns : shape.n,
                  .k = shape.k,
                  .a = op.dy.row(rows.begin),
                  .lda = op.dy.ld,
                  .b = op.w,
                  .ldb = op.ldw,
                  .c = op.dx.row(rows.begin),
                  .ldc = op.dx.ld,
                  .accumulate = op.accumulate};
    if (op.activation.kind != Activation::kIdentity) {
        g.backward = kernels_.pointwise.backward[static_cast<int>(op.activation.kind)];
        g.saved = op.saved.row(rows.begin);
        g.ld_saved = op.saved.ld;
        g.alpha = op.activation.alpha;
    }
    run_shared(*op.plan, g, op.share, worker);
}

template <class T>
void CpuBackend<T>::linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                           const Worker<T>& worker) const {
    const GemmArgs<T> g{.m = op.inputs,
                        .n = op.outputs,
                        .k = op.batch,
                        .a = op.x.p,
                        .lda = op.x.ld,
                        .b = op.dy.p,
                        .ldb = op.dy.ld,
                        .c = op.dw.p,
                        .ldc = op.dw.ld,
                        .accumulate = op.accumulate,
                        .prefetch_hint = op.prefetch_hint};
    if (op.dw) run_shared(*op.plan, g, share, worker);
    if (op.dbias) bias_gradient(op, share);
}

template <class T>
void CpuBackend<T>::sparse_backward_weight(const LinearBackwardWeight<T>& op,
                                           const SparseMatrix<T>& x_transposed, bool multiply_zeros,
                                           Share share, const Worker<T>& worker) const {
    const Range inputs = op.dw ? share.of(op.inputs, kSparseRowsPerPoll) : Range{};
    for (Index begin = inputs.begin; begin < inputs.end; begin += kSparseRowsPerPoll) {
        if (begin > inputs.begin && worker.stop_requested()) return;
        const Range block{begin, std::min(begin + kSparseRowsPerPoll, inputs.end)};
        kernels_.sparse.product({.a = x_transposed.row_slice(block),
                                 .b = op.dy.p,
                                 .ldb = op.dy.ld,
                                 .c = op.dw.row(begin),
                                 .ldc = op.dw.ld,
                                 .n = op.outputs,
                                 .multiply_zeros = multiply_zeros});
    }
    if (op.dbias) bias_gradient(op, share);
}

template <class T>
void CpuBackend<T>::bias_gradient(const LinearBackwardWeight<T>& op, Share share) const {
    if (share.workers == 1 && !op.accumulate)
        return kernels_.reduce.col_sum(op.dbias, op.dy.p, op.bias_batch, op.outputs, op.dy.ld);
    const Range cols = share.of(op.outputs, 16);
    column_sums(op.dbias + cols.begin, op.dy.block({0, op.bias_batch}, cols), op.accumulate);
}

template <class T>
void CpuBackend<T>::column_sums(T* out, const Matrix<const T>& x, bool accumulate) const {
    if (x.cols == 0) return;
    if (!accumulate) return kernels_.reduce.col_sum(out, x.p, x.rows, x.cols, x.ld);
    alignas(64) T sums[64];
    for (Index j = 0; j < x.cols; j += 64)
        for (Index row = 0; row < x.rows; row += kSumChunk) {
            const Index cols = std::min<Index>(64, x.cols - j);
            kernels_.reduce.col_sum(sums, x.row(row) + j, std::min(kSumChunk, x.rows - row), cols, x.ld);
            kernels_.pointwise.add(out + j, sums, cols);
        }
}

template <class T>
void CpuBackend<T>::norm_weight_gradient(const NormWeightGradient<T>& args) const {
    if (!args.accumulate) return kernels_.norm.weight_gradient(args);
    alignas(64) T sums[64];
    const Index rows = args.dy.rows, cols = args.dy.cols;
    for (Index j = 0; j < cols; j += 64)
        for (Index row = 0; row < rows; row += kSumChunk) {
            const Range part{row, std::min(row + kSumChunk, rows)}, block{j, std::min(j + 64, cols)};
            kernels_.norm.weight_gradient(
                {.dweight = sums, .dy = args.dy.block(part, block), .n = args.n.block(part, block)});
            kernels_.pointwise.add(args.dweight + j, sums, block.size());
        }
    if (args.dbias) column_sums(args.dbias, args.dy.row_slice({0, args.bias_rows}), true);
}

template <class T>
void CpuBackend<T>::loss(Loss kind, const LossArgs<T>& args) const {
    assert(!args.target || same_shape(args.target, args.x));
    assert(!args.d || same_shape(args.d, args.x));
    kernels_.loss.rows[static_cast<int>(kind)](args);
}

template <class T>
void CpuBackend<T>::sum_squares(double* out, const T* x, Index n, Range blocks) const {
    for (Index b = blocks.begin; b < blocks.end; ++b) {
        const Index first = b * kSquareBlock;
        out[b] = kernels_.optimizer.sum_squares(x + first, std::min(kSquareBlock, n - first));
    }
}

// Several workers may set the flag at once.
template <class T>
void CpuBackend<T>::update(Optimizer kind, const UpdateArgs<T>& args, StepStatus* status) const {
    if (!kernels_.optimizer.update[static_cast<int>(kind)](args))
        std::atomic_ref(status->overflow).store(1, std::memory_order_relaxed);
}

template <class T>
void CpuBackend<T>::transpose(const Matrix<T>& out, const Matrix<const T>& in) const {
    assert(out.rows == in.cols && out.cols == in.rows);
    kernels_.gemm.transpose(out.p, out.ld, in.p, in.ld, in.rows, in.cols);
}

template class CpuBackend<float>;
template class CpuBackend<double>;

}  // namespace ds
