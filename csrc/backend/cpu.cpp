#include "backend/cpu.h"

#include <algorithm>

#include "core/arena.h"
#include "core/random.h"

namespace ds {
namespace {

// Of a product, between two questions whether it is still wanted: some 30 ms.
constexpr double kPieceFlops = 2e9;

int pieces(double flops) { return static_cast<int>(std::clamp(flops / kPieceFlops, 1.0, 1e6)); }

template <class T>
[[gnu::noinline]] void run_pieces(const GemmPlan<T>& plan, const GemmArgs<T>& args, Share share,
                                  const Worker<T>& worker) {
    const double flops = 2.0 * double(args.m) * double(args.n) * double(args.k);
    const int count = worker.halt ? pieces(flops / share.workers) : 1;
    for (int piece = 0; piece < count && (piece == 0 || !worker.halted()); ++piece)
        plan.share(args, share.worker * count + piece, share.workers * count, worker.scratch);
}

// Mostly nobody shares it and nobody is asked: then what a small product does not need is left out.
template <class T>
void run_shared(const GemmPlan<T>& plan, const GemmArgs<T>& args, Share share, const Worker<T>& worker) {
    if (share.workers == 1 && !worker.halt)
        plan.run(args, worker.scratch);
    else
        run_pieces(plan, args, share, worker);
}

}  // namespace

template <class T>
Index CpuBackend<T>::whole_registers(Index columns) const {
    const Index width = kernels_.gemm.width;
    return leading_dim<T>(columns) == columns ? columns : (columns + width - 1) / width * width;
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const {
    return {kernels_.gemm, {.m = batch, .n = outputs, .k = inputs, .ldb = ldw}};
}

template <class T>
GemmPlan<T> CpuBackend<T>::plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                               bool as_stored) const {
    return {kernels_.gemm, {.m = batch, .n = inputs, .k = outputs, .transpose_b = as_stored, .ldb = ldw}};
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
void CpuBackend<T>::gather(Matrix<T> out, Matrix<const T> in, const Index* index, Range rows,
                           Index cols) const {
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(out.row(i), in.row(index[i]), cols);
}

template <class T>
void CpuBackend<T>::scatter_add(Matrix<T> out, Matrix<const T> in, const Index* index, Index rows,
                                Range cols) const {
    for (Index i = 0; i < rows; ++i)
        kernels_.pointwise.add(out.row(index[i]) + cols.begin, in.row(i) + cols.begin, cols.size());
}

template <class T>
void CpuBackend<T>::cell_forward(Cell cell, const CellForward<T>& op) const {
    kernels_.cell.forward[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_backward(Cell cell, const CellBackward<T>& op) const {
    kernels_.cell.backward[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_tangent(Cell cell, const CellTangent<T>& op) const {
    kernels_.cell.tangent[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::cell_bent(Cell cell, const CellBent<T>& op) const {
    kernels_.cell.bent[static_cast<int>(cell)](op);
}

template <class T>
void CpuBackend<T>::linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const {
    const GemmShape& shape = op.plan->shape();
    GemmArgs<T> g{.m = rows.size(),
                  .n = shape.n,
                  .k = op.zeros ? 0 : shape.k,
                  .a = op.x.row(rows.begin),
                  .lda = op.x.ld,
                  .b = op.w,
                  .ldb = op.ldw,
                  .c = op.y.row(rows.begin),
                  .ldc = op.y.ld,
                  .bias = op.bias,
                  .accumulate = op.accumulate};
    if (op.activation.kind != Activation::kIdentity) {
        if (op.columns > 0) g.beyond = shape.n - op.columns;
        g.forward = kernels_.pointwise.forward[static_cast<int>(op.activation.kind)];
        g.alpha = op.activation.alpha;
    }
    if (op.saved) {
        g.y = g.c;
        g.ldy = g.ldc;
        g.c = op.saved.row(rows.begin);
        g.ldc = op.saved.ld;
    }
    run_shared(*op.plan, g, op.share, worker);
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
                        .wanted = op.wanted};
    if (op.dw) run_shared(*op.plan, g, share, worker);
    if (!op.dbias) return;
    if (share.workers == 1 && !op.accumulate)
        kernels_.reduce.col_sum(op.dbias, op.dy.p, op.dy.ld, op.bias_batch, op.outputs);
    else
        column_sums(op.dbias, op.dy, {0, op.bias_batch}, share.of(op.outputs, 16), op.accumulate);
}

template <class T>
void CpuBackend<T>::column_sums(T* out, Matrix<const T> x, Range rows, Range cols, bool accumulate) const {
    if (cols.empty()) return;
    if (!accumulate)
        return kernels_.reduce.col_sum(out + cols.begin, x.row(rows.begin) + cols.begin, x.ld, rows.size(),
                                       cols.size());
    alignas(64) T sums[64];
    for (Index j = cols.begin; j < cols.end; j += 64)
        for (Index row = rows.begin; row < rows.end; row += kSumChunk) {
            const Index n = std::min<Index>(64, cols.end - j);
            kernels_.reduce.col_sum(sums, x.row(row) + j, x.ld, std::min(kSumChunk, rows.end - row), n);
            kernels_.pointwise.add(out + j, sums, n);
        }
}

template <class T>
void CpuBackend<T>::activation_forward(Matrix<T> y, Matrix<const T> z, ActivationOf<T> a, Range rows,
                                       Index cols) const {
    if (a.kind == Activation::kIdentity && y.p == z.p) return;
    kernels_.pointwise.forward[static_cast<int>(a.kind)]({y.row(rows.begin), y.ld}, {z.row(rows.begin), z.ld},
                                                         rows.size(), cols, a.alpha);
}

template <class T>
void CpuBackend<T>::activation_backward(Matrix<T> d, Matrix<const T> saved, ActivationOf<T> a, Range rows,
                                        Index cols) const {
    if (a.kind == Activation::kIdentity) return;
    T* first = d.row(rows.begin);
    kernels_.pointwise.backward[static_cast<int>(a.kind)]({first, d.ld}, {first, d.ld},
                                                          {saved.row(rows.begin), saved.ld}, rows.size(),
                                                          cols, a.alpha, {nullptr, 0});
}

template <class T>
void CpuBackend<T>::softmax(Matrix<T> y, Matrix<const T> z, Range rows, Index cols) const {
    kernels_.reduce.softmax_rows(y.row(rows.begin), y.ld, z.row(rows.begin), z.ld, rows.size(), cols);
}

template <class T>
void CpuBackend<T>::dropout_mask(Matrix<T> mask, double rate, const RandomKey& key, Range rows, Index cols,
                                 Index first) const {
    kernels_.random.dropout_mask(mask.row(rows.begin), mask.ld, first + rows.begin, rows.size(), cols,
                                 key.seed, key.step, key.epoch, stream_word(Stream::kDropout, key.layer),
                                 keep_threshold(rate), static_cast<T>(1.0 / (1.0 - rate)));
}

template <class T>
void CpuBackend<T>::softmax_backward(Matrix<T> dz, Matrix<const T> dy, Matrix<const T> y, Range rows,
                                     Index cols) const {
    kernels_.reduce.softmax_backward_rows(dz.row(rows.begin), dz.ld, dy.row(rows.begin), dy.ld,
                                          y.row(rows.begin), y.ld, rows.size(), cols);
}

template <class T>
Index CpuBackend<T>::largest(const T* x, Index n) const {
    std::int64_t at = 0;
    kernels_.reduce.argmax_rows(&at, x, n, 1, n);
    return at;
}

template <class T>
void CpuBackend<T>::curvature(Matrix<T> e, Matrix<const T> dz, Matrix<const T> saved, ActivationOf<T> a,
                              Range rows, Index cols) const {
    const auto curvature = kernels_.pointwise.curvature[static_cast<int>(a.kind)];
    for (Index i = rows.begin; i < rows.end; ++i) curvature(e.row(i), dz.row(i), saved.row(i), cols, a.alpha);
}

template <class T>
void CpuBackend<T>::uniform(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                            Index cols) const {
    kernels_.random.uniform(out.row(rows.begin), out.ld, first + rows.begin, rows.size(), cols, key.seed,
                            key.step, key.epoch, stream_word(stream, key.layer));
}

template <class T>
void CpuBackend<T>::normal(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                           Index cols) const {
    kernels_.random.normal(out.row(rows.begin), out.ld, first + rows.begin, rows.size(), cols, key.seed,
                           key.step, key.epoch, stream_word(stream, key.layer));
}

template <class T>
void CpuBackend<T>::multiply(Matrix<T> y, Matrix<const T> a, Matrix<const T> b, Range rows,
                             Index cols) const {
    for (Index i = rows.begin; i < rows.end; ++i) {
        copy_row(y.row(i), a.row(i), cols);
        kernels_.pointwise.mul(y.row(i), b.row(i), cols);
    }
}

template <class T>
void CpuBackend<T>::add(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const {
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.pointwise.add(y.row(i), x.row(i), cols);
}

template <class T>
void CpuBackend<T>::copy(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const {
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(y.row(i), x.row(i), cols);
}

template <class T>
void CpuBackend<T>::loss(Loss kind, const LossArgs<T>& args) const {
    kernels_.loss.rows[static_cast<int>(kind)](args);
}

template <class T>
bool CpuBackend<T>::update(Optimizer kind, const UpdateArgs<T>& args) const {
    return kernels_.optim.update[static_cast<int>(kind)](args);
}

template <class T>
void CpuBackend<T>::transpose(Matrix<T> out, Matrix<const T> in, Index rows, Index cols) const {
    kernels_.gemm.transpose(out.p, out.ld, in.p, in.ld, rows, cols);
}

template class CpuBackend<float>;
template class CpuBackend<double>;

}  // namespace ds
