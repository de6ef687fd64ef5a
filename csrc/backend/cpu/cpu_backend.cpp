#include "backend/cpu/cpu_backend.h"

#include <algorithm>

#include "core/memory/arena_planner.h"
#include "core/random/init.h"

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

RandomRows random_rows(const Draw& draw, RngPurpose purpose, Range rows) {
    const bool has_numbers = draw.number != nullptr;
    return {.key = draw.key.seed,
            .step = draw.key.step,
            .epoch = draw.key.epoch,
            .stream = stream_word(purpose, draw.key.stream),
            .first = has_numbers ? draw.first : draw.first + rows.begin,
            .number = has_numbers ? draw.number + rows.begin : nullptr,
            .length = draw.length};
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
void CpuBackend<T>::gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                           Range rows) const {
    assert(out.cols == in.cols);
    if (index == nullptr) return copy(out, in, rows);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(out.row(i), in.row(index[i]), out.cols);
}

template <class T>
void CpuBackend<T>::gather(Index* out, const Index* in, const Index* index, Range rows) const {
    if (index == nullptr)
        std::copy(in + rows.begin, in + std::max(rows.begin, rows.end), out + rows.begin);
    else
        for (Index i = rows.begin; i < rows.end; ++i) out[i] = in[index[i]];
}

template <class T>
void CpuBackend<T>::scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                            Range rows) const {
    assert(out.cols == in.cols);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(out.row(index[i]), in.row(i), out.cols);
}

template <class T>
void CpuBackend<T>::scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index) const {
    assert(out.cols == in.cols);
    for (Index i = 0; i < in.rows; ++i) kernels_.pointwise.add(out.row(index[i]), in.row(i), out.cols);
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
void CpuBackend<T>::activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                                       Range rows) const {
    assert(y.cols == z.cols);
    if (a.kind == Activation::kIdentity && y.p == z.p) return;
    kernels_.pointwise.forward[static_cast<int>(a.kind)](y.row_slice(rows), z.row_slice(rows), a.alpha);
}

template <class T>
void CpuBackend<T>::activation_backward(const Matrix<T>& d, const Matrix<const T>& saved, ActivationOf<T> a,
                                        Range rows) const {
    if (a.kind == Activation::kIdentity) return;
    assert(d.cols == saved.cols);
    kernels_.pointwise.backward[static_cast<int>(a.kind)](d.row_slice(rows), d.row_slice(rows),
                                                          saved.row_slice(rows), a.alpha, {});
}

template <class T>
void CpuBackend<T>::softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const {
    assert(y.cols == z.cols);
    kernels_.reduce.softmax_rows(y.row_slice(rows), z.row_slice(rows));
}

template <class T>
void CpuBackend<T>::softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y,
                                     Range rows) const {
    assert(dz.cols == y.cols && dy.cols == y.cols);
    kernels_.reduce.softmax_backward_rows(dz.row_slice(rows), dy.row_slice(rows), y.row_slice(rows));
}

template <class T>
void CpuBackend<T>::argmax(Index* out, const Matrix<const T>& x, Range rows) const {
    kernels_.reduce.argmax_rows(out + rows.begin, x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    kernels_.reduce.one_hot_rows(y.row_slice(rows), x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::activation_double_backward(const Matrix<T>& d, const Matrix<const T>& z_dot,
                                               const Matrix<const T>& saved, ActivationOf<T> a,
                                               Range rows) const {
    assert(d.cols == z_dot.cols && d.cols == saved.cols);
    const auto kernel = kernels_.pointwise.double_backward[static_cast<int>(a.kind)];
    for (Index i = rows.begin; i < rows.end; ++i)
        kernel(d.row(i), z_dot.row(i), saved.row(i), d.cols, a.alpha);
}

template <class T>
void CpuBackend<T>::dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const {
    kernels_.random.dropout_mask(mask.row_slice(rows), random_rows(draw, RngPurpose::kDropout, rows),
                                 keep_threshold(rate), static_cast<T>(1.0 / (1.0 - rate)));
}

template <class T>
void CpuBackend<T>::dropout_entries(T* value, const Column* column, Index n, Index cols, double rate,
                                    const RandomKey& key, Index row) const {
    kernels_.random.dropout_entries(value, column, n, cols, row, key.seed, key.step, key.epoch,
                                    stream_word(RngPurpose::kDropout, key.stream), keep_threshold(rate),
                                    static_cast<T>(1.0 / (1.0 - rate)));
}

template <class T>
void CpuBackend<T>::uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    kernels_.random.uniform(out.row_slice(rows), random_rows(draw, purpose, rows));
}

template <class T>
void CpuBackend<T>::normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    kernels_.random.normal(out.row_slice(rows), random_rows(draw, purpose, rows));
}

template <class T>
void CpuBackend<T>::multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                             Range rows) const {
    assert(y.cols == a.cols && y.cols == b.cols);
    for (Index i = rows.begin; i < rows.end; ++i) {
        copy_row(y.row(i), a.row(i), y.cols);
        kernels_.pointwise.mul(y.row(i), b.row(i), y.cols);
    }
}

template <class T>
void CpuBackend<T>::add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.pointwise.add(y.row(i), x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.gan.scale(y.row(i), factor, x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::gumbel(const Matrix<T>& u, Range rows) const {
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.gan.gumbel(u.row(i), u.cols);
}

template <class T>
void CpuBackend<T>::copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(y.row(i), x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::fill(const Matrix<T>& y, T value, Range rows) const {
    for (Index i = rows.begin; i < rows.end; ++i) std::fill_n(y.row(i), y.cols, value);
}

template <class T>
void CpuBackend<T>::lerp(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
                         const Matrix<const T>& b, Range rows) const {
    assert(y.cols == a.cols && y.cols == b.cols);
    if (index != nullptr)
        index += rows.begin;
    else
        share += rows.begin;
    kernels_.gan.lerp(y.row_slice(rows), share, index, a.row_slice(rows), b.row_slice(rows));
}

template <class T>
void CpuBackend<T>::scale_shift(const Matrix<T>& y, const Matrix<const T>& x, const Matrix<const T>& factor,
                                const Matrix<const T>& shift, Range rows) const {
    assert(y.cols == x.cols && y.cols == factor.cols && y.cols == shift.cols);
    for (Index i = rows.begin; i < rows.end; ++i)
        kernels_.gan.scale_shift(y.row(i), x.row(i), factor.row(i), shift.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::scale_rows(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x,
                               Range rows) const {
    assert(y.cols == x.cols);
    kernels_.gan.scale_rows(y.row_slice(rows), factor.row_slice(rows), x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b,
                             Range rows) const {
    assert(a.cols == b.cols);
    kernels_.gan.row_dots(out.row_slice(rows), a.row_slice(rows), b.row_slice(rows));
}

template <class T>
bool CpuBackend<T>::all_finite(const Matrix<const T>& x) const {
    bool finite = true;
    for (Index i = 0; i < x.rows && finite; ++i) finite = kernels_.pointwise.finite(x.row(i), x.cols);
    return finite;
}

template <class T>
void CpuBackend<T>::loss(Loss kind, const LossArgs<T>& args) const {
    assert(!args.target || same_shape(args.target, args.x));
    assert(!args.d || same_shape(args.d, args.x));
    kernels_.loss.rows[static_cast<int>(kind)](args);
}

template <class T>
bool CpuBackend<T>::update(Optimizer kind, const UpdateArgs<T>& args) const {
    return kernels_.optimizer.update[static_cast<int>(kind)](args);
}

template <class T>
void CpuBackend<T>::transpose(const Matrix<T>& out, const Matrix<const T>& in) const {
    assert(out.rows == in.cols && out.cols == in.rows);
    kernels_.gemm.transpose(out.p, out.ld, in.p, in.ld, in.rows, in.cols);
}

template class CpuBackend<float>;
template class CpuBackend<double>;

}  // namespace ds
