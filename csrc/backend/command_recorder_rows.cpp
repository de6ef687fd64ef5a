// What operations on rows read and write: draws, copies, activations, norms, embeddings and losses.
#include "backend/command_touches.h"

namespace ds {
namespace {

template <class T>
Touches norm_touches(const RecordedMemory& memory, const NormForward<T>& a) {
    const Index rows = a.y.rows, cols = a.y.cols;
    Touches t(memory);
    t.writes(a.y).reads(columns_of(a.x, rows, cols)).reads(a.weight, cols).reads(a.bias, cols);
    if (a.n) t.writes(a.n, {0, rows});
    return t.reads(a.mean, cols).reads(a.column_scale, cols).writes(a.row_scale, rows);
}

template <class T>
Touches norm_touches(const RecordedMemory& memory, const NormBackward<T>& a) {
    const Index rows = a.dy.rows, cols = a.dy.cols;
    Touches t(memory);
    return t.writes(a.dx, {0, rows})
        .reads(a.dy)
        .reads(columns_of(a.n, rows, cols))
        .reads(a.weight, cols)
        .reads(a.row_scale, rows)
        .reads(a.column_scale, cols)
        .reads(a.dweight, cols)
        .reads(a.dbias, cols);
}

template <class T>
Touches random_touches(const RecordedMemory& memory, const Matrix<T>& out, const Draw& draw, Range rows) {
    return Touches(memory).writes(out, rows).reads_list(draw.number, rows);
}

}  // namespace

template <class T>
void CommandRecorder<T>::activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                                            Range rows) const {
    record<&Backend<T>::activation_forward>(row_touches(memory_, y, z, rows), y, z, a, rows);
}

template <class T>
void CommandRecorder<T>::activation_backward(const Matrix<T>& d, const Matrix<const T>& saved,
                                             ActivationOf<T> a, Range rows) const {
    if (a.kind == Activation::kIdentity) return;
    record<&Backend<T>::activation_backward>(row_touches(memory_, d, saved, rows), d, saved, a, rows);
}

template <class T>
void CommandRecorder<T>::softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const {
    record<&Backend<T>::softmax>(row_touches(memory_, y, z, rows), y, z, rows);
}

template <class T>
void CommandRecorder<T>::softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy,
                                          const Matrix<const T>& y, Range rows) const {
    record<&Backend<T>::softmax_backward>(row_touches(memory_, dz, dy, rows).reads(y, rows), dz, dy, y, rows);
}

template <class T>
void CommandRecorder<T>::argmax(Index* out, const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::argmax>(Touches(memory_).writes(out + rows.begin, rows.size()).reads(x, rows), out, x,
                                rows);
}

template <class T>
void CommandRecorder<T>::one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::one_hot>(row_touches(memory_, y, x, rows), y, x, rows);
}

template <class T>
void CommandRecorder<T>::activation_double_backward(const Matrix<T>& d, const Matrix<const T>& z_dot,
                                                    const Matrix<const T>& saved, ActivationOf<T> a,
                                                    Range rows) const {
    record<&Backend<T>::activation_double_backward>(row_touches(memory_, d, z_dot, rows).reads(saved, rows),
                                                    d, z_dot, saved, a, rows);
}

template <class T>
void CommandRecorder<T>::dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw,
                                      Range rows) const {
    record<&Backend<T>::dropout_mask>(random_touches(memory_, mask, draw, rows), mask, rate, draw, rows);
}

template <class T>
void CommandRecorder<T>::dropout_entries(T* value, const Column* column, Index n, Index cols, double rate,
                                         const RandomKey& key, Index row) const {
    record<&Backend<T>::dropout_entries>(Touches(memory_).writes(value, n).reads(column, n), value, column, n,
                                         cols, rate, key, row);
}

template <class T>
void CommandRecorder<T>::uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw,
                                 Range rows) const {
    record<&Backend<T>::uniform>(random_touches(memory_, out, draw, rows), out, purpose, draw, rows);
}

template <class T>
void CommandRecorder<T>::normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw,
                                Range rows) const {
    record<&Backend<T>::normal>(random_touches(memory_, out, draw, rows), out, purpose, draw, rows);
}

template <class T>
void CommandRecorder<T>::multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                                  Range rows) const {
    record<&Backend<T>::multiply>(row_touches(memory_, y, a, rows).reads(b, rows), y, a, b, rows);
}

template <class T>
void CommandRecorder<T>::add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::add>(row_touches(memory_, y, x, rows), y, x, rows);
}

template <class T>
void CommandRecorder<T>::scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::scale>(row_touches(memory_, y, x, rows), y, factor, x, rows);
}

template <class T>
void CommandRecorder<T>::gumbel(const Matrix<T>& u, Range rows) const {
    record<&Backend<T>::gumbel>(Touches(memory_).writes(u, rows), u, rows);
}

template <class T>
void CommandRecorder<T>::column_sums(T* out, const Matrix<const T>& x, bool accumulate) const {
    record<&Backend<T>::column_sums>(Touches(memory_).writes(out, x.cols).reads(x), out, x, accumulate);
}

template <class T>
void CommandRecorder<T>::copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::copy>(row_touches(memory_, y, x, rows), y, x, rows);
}

template <class T>
void CommandRecorder<T>::fill(const Matrix<T>& y, T value, Range rows) const {
    record<overload<T, const Matrix<T>&, T, Range>(&Backend<T>::fill)>(Touches(memory_).writes(y, rows), y,
                                                                       value, rows);
}

template <class T>
void CommandRecorder<T>::fill(Index* y, Index value, Range range) const {
    record<overload<T, Index*, Index, Range>(&Backend<T>::fill)>(
        Touches(memory_).writes(y + range.begin, range.size()), y, value, range);
}

template <class T>
bool CommandRecorder<T>::all_finite(const Matrix<const T>& x) const {
    run_commands();
    return executor_.all_finite(x);
}

template <class T>
void CommandRecorder<T>::layer_norm_forward(const NormForward<T>& args) const {
    record<&Backend<T>::layer_norm_forward>(norm_touches(memory_, args), args);
}

template <class T>
void CommandRecorder<T>::layer_norm_backward(const NormBackward<T>& args) const {
    record<&Backend<T>::layer_norm_backward>(norm_touches(memory_, args), args);
}

template <class T>
void CommandRecorder<T>::layer_norm_double_backward(const NormDoubleBackward<T>& args) const {
    const Range rows{0, args.backward.dy.rows};
    record<&Backend<T>::layer_norm_double_backward>(norm_touches(memory_, args.backward)
                                                        .reads(args.dy_dot, rows)
                                                        .reads(args.x_dot, rows)
                                                        .reads(args.n_dot, rows),
                                                    args);
}

template <class T>
void CommandRecorder<T>::batch_norm_statistics(const BatchStatistics<T>& args) const {
    const Index cols = args.x.cols;
    record<&Backend<T>::batch_norm_statistics>(Touches(memory_)
                                                   .writes(args.mean, cols)
                                                   .writes(args.variance, cols)
                                                   .writes(args.scale, cols)
                                                   .reads(args.x),
                                               args);
}

template <class T>
void CommandRecorder<T>::batch_norm_forward(const NormForward<T>& args) const {
    record<&Backend<T>::batch_norm_forward>(norm_touches(memory_, args), args);
}

template <class T>
void CommandRecorder<T>::batch_norm_backward(const NormBackward<T>& args) const {
    record<&Backend<T>::batch_norm_backward>(norm_touches(memory_, args), args);
}

template <class T>
void CommandRecorder<T>::norm_weight_gradient(const NormWeightGradient<T>& args) const {
    const Index cols = args.dy.cols;
    record<&Backend<T>::norm_weight_gradient>(
        Touches(memory_)
            .writes(args.dweight, cols)
            .writes(args.dbias, cols)
            .reads(columns_of(args.dy, std::max(args.dy.rows, args.bias_rows), cols))
            .reads(columns_of(args.n, args.dy.rows, cols)),
        args);
}

template <class T>
void CommandRecorder<T>::update_running_statistics(const RunningStatistics<T>& args) const {
    record<&Backend<T>::update_running_statistics>(Touches(memory_)
                                                       .writes(args.mean, args.cols)
                                                       .writes(args.variance, args.cols)
                                                       .reads(args.batch_mean, args.cols)
                                                       .reads(args.batch_variance, args.cols)
                                                       .reads(args.status, 1),
                                                   args);
}

template <class T>
void CommandRecorder<T>::inverse_stddev(T* scale, const T* variance, T eps, Index cols) const {
    record<&Backend<T>::inverse_stddev>(Touches(memory_).writes(scale, cols).reads(variance, cols), scale,
                                        variance, eps, cols);
}

template <class T>
void CommandRecorder<T>::periodic_forward(const PeriodicForward<T>& args) const {
    Matrix<T> waves = args.waves;
    waves.cols = 2 * args.frequency.rows * wave_slot(args.frequency.cols);
    record<&Backend<T>::periodic_forward>(Touches(memory_)
                                              .writes(args.y)
                                              .writes(waves)
                                              .reads(args.x)
                                              .reads(args.frequency)
                                              .reads(args.phase)
                                              .reads(args.weight),
                                          args);
}

template <class T>
void CommandRecorder<T>::periodic_backward(const PeriodicBackward<T>& args) const {
    Matrix<T> waves = args.waves;
    waves.cols = 2 * args.frequencies * wave_slot(args.weight.cols);
    record<&Backend<T>::periodic_backward>(Touches(memory_).writes(waves).reads(args.dy).reads(args.weight),
                                           args);
}

template <class T>
void CommandRecorder<T>::periodic_weight_gradient(const PeriodicWeightGradient<T>& args) const {
    Matrix<const T> waves = args.waves;
    waves.cols = 2 * args.dfrequency.rows * wave_slot(args.dfrequency.cols);
    record<&Backend<T>::periodic_weight_gradient>(Touches(memory_)
                                                      .writes(args.dfrequency, args.frequencies)
                                                      .writes(args.dphase, args.frequencies)
                                                      .writes(args.dweight)
                                                      .reads(waves)
                                                      .reads(args.x)
                                                      .reads(args.dy),
                                                  args);
}

template <class T>
void CommandRecorder<T>::loss(Loss kind, const LossArgs<T>& args) const {
    const Index rows = args.x.rows;
    record<&Backend<T>::loss>(Touches(memory_)
                                  .reads(args.x)
                                  .reads(args.target)
                                  .reads_list(args.label, {0, rows})
                                  .reads(args.row_scale, rows)
                                  .writes(args.row_loss, rows)
                                  .writes(args.d),
                              kind, args);
}

template <class T>
void CommandRecorder<T>::ctc(const CtcArgs<T>& args) const {
    const Index begin = args.rows.begin, count = args.rows.size();
    const auto part = [begin](auto* p) { return p != nullptr ? p + begin : nullptr; };
    record<&Backend<T>::ctc>(Touches(memory_)
                                 .reads_list(args.length, args.rows)
                                 .reads_list(args.sequence, args.rows)
                                 .reads(args.z)
                                 .writes(args.d)
                                 .reads(part(args.scale), count)
                                 .writes(part(args.loss), count)
                                 .writes(part(args.exact_loss), count)
                                 .writes_from(args.scratchpad),
                             args);
}

template <class T>
double CommandRecorder<T>::sum(const T* x, Index n) const {
    run_commands();
    return executor_.sum(x, n);
}

template <class T>
double CommandRecorder<T>::weighted_sum(const T* x, const T* w, Index n) const {
    run_commands();
    return executor_.weighted_sum(x, w, n);
}

template <class T>
void CommandRecorder<T>::batch_loss(const BatchLossArgs<T>& args) const {
    record<&Backend<T>::batch_loss>(Touches(memory_)
                                        .writes(args.status, 1)
                                        .reads(args.params, 1)
                                        .reads(args.row_loss, args.rows)
                                        .reads(args.row_weight, args.rows)
                                        .reads(args.penalty, args.penalties),
                                    args);
}

template <class T>
void CommandRecorder<T>::sum_squares(double* out, const T* x, Index n, Range blocks) const {
    const Index begin = blocks.begin * kSquareBlock, end = std::min(blocks.end * kSquareBlock, n);
    record<&Backend<T>::sum_squares>(
        Touches(memory_).writes(out + blocks.begin, blocks.size()).reads(x + begin, end - begin), out, x, n,
        blocks);
}

template <class T>
void CommandRecorder<T>::clip_scale(const ClipArgs<T>& args) const {
    record<&Backend<T>::clip_scale>(Touches(memory_).writes(args.scale, 1).reads(args.squares, args.count),
                                    args);
}

// Updates that set status->overflow store the same number, so their order does not matter.
template <class T>
void CommandRecorder<T>::update(Optimizer kind, const UpdateArgs<T>& args, StepStatus* status) const {
    record<&Backend<T>::update>(Touches(memory_)
                                    .writes(args.w, args.n)
                                    .writes(args.m, args.n)
                                    .writes(args.v, args.n)
                                    .reads(args.g, args.n)
                                    .reads(args.scalars, 1)
                                    .reads(args.clip_scale, 1)
                                    .reads(status, 1),
                                kind, args, status);
}

template <class T>
void CommandRecorder<T>::transpose(const Matrix<T>& out, const Matrix<const T>& in) const {
    record<&Backend<T>::transpose>(Touches(memory_).writes(out).reads(in), out, in);
}

template class CommandRecorder<float>;
template class CommandRecorder<double>;

}  // namespace ds
