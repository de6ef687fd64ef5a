// What the operations of GANs read and write.
#include "backend/command_touches.h"

namespace ds {
namespace {

template <class T>
Touches stddev_touches(const RecordedMemory& memory, const MinibatchStddevArgs<T>& a, bool is_backward) {
    const Index rows = a.t.rows * a.group, cols = a.t.cols;
    Matrix<T> y = a.y;
    y.rows = rows, y.cols = is_backward ? cols : cols + 1;
    return Touches(memory).writes(y).reads(columns_of(a.x, rows, is_backward ? cols + 1 : cols));
}

}  // namespace

template <class T>
void CommandRecorder<T>::lerp(const Matrix<T>& y, const T* share, const Index* index,
                              const Matrix<const T>& a, const Matrix<const T>& b, Range rows) const {
    Touches t = row_touches(memory_, y, a, rows);
    t.reads(b, rows).reads_list(index, rows);
    if (index == nullptr)
        t.reads(share + rows.begin, rows.size());
    else
        t.reads_from(share);
    record<&Backend<T>::lerp>(t, y, share, index, a, b, rows);
}

template <class T>
void CommandRecorder<T>::scale_shift(const Matrix<T>& y, const Matrix<const T>& x,
                                     const Matrix<const T>& factor, const Matrix<const T>& shift,
                                     Range rows) const {
    record<&Backend<T>::scale_shift>(row_touches(memory_, y, x, rows).reads(factor, rows).reads(shift, rows),
                                     y, x, factor, shift, rows);
}

template <class T>
void CommandRecorder<T>::augment(const AugmentArgs<T>& args) const {
    record<&Backend<T>::augment>(Touches(memory_)
                                     .writes(args.factor, args.rows)
                                     .writes(args.shift, args.rows)
                                     .reads(args.uniform)
                                     .reads(args.normal)
                                     .reads(args.probability, 1)
                                     .reads_list(args.sequence, args.rows),
                                 args);
}

template <class T>
void CommandRecorder<T>::projection_forward(const ProjectionForward<T>& args) const {
    const Index rows = args.x.rows, cols = args.x.cols;
    Touches t(memory_);
    Matrix<T> weights = args.weights;
    weights.rows = rows, weights.cols = cols;
    t.writes(args.z, {0, rows}).writes(weights).reads(args.x).reads(args.weight, cols).reads(args.bias, 1);
    record<&Backend<T>::projection_forward>(
        t.reads(args.embedding).reads_list(args.labels, {0, rows * args.pac}), args);
}

template <class T>
void CommandRecorder<T>::projection_weight_gradient(const ProjectionWeightGradient<T>& args) const {
    const Range rows{0, args.x.rows};
    record<&Backend<T>::projection_weight_gradient>(Touches(memory_)
                                                        .writes(args.dembedding)
                                                        .reads(args.d, rows)
                                                        .reads(args.x)
                                                        .reads_list(args.labels, {0, rows.end * args.pac}),
                                                    args);
}

template <class T>
void CommandRecorder<T>::scale_rows(const Matrix<T>& y, const Matrix<const T>& factor,
                                    const Matrix<const T>& x, Range rows) const {
    record<&Backend<T>::scale_rows>(row_touches(memory_, y, x, rows).reads(factor, rows), y, factor, x, rows);
}

template <class T>
void CommandRecorder<T>::row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b,
                                  Range rows) const {
    record<&Backend<T>::row_dots>(row_touches(memory_, out, a, rows).reads(b, rows), out, a, b, rows);
}

template <class T>
void CommandRecorder<T>::gradient_penalty(const PenaltyArgs<T>& args) const {
    const bool has_steps = args.length != nullptr;
    Touches t(memory_);
    t.writes(args.dg, has_steps ? Range{0, args.dg.rows} : args.rows);
    t.reads(args.g, has_steps ? Range{0, args.g.rows} : args.rows);
    t.reads_list(args.position, args.rows).reads_list(args.length, args.rows);
    if (args.position == nullptr)
        t.writes(args.penalty + args.rows.begin, args.rows.size());
    else
        t.writes_from(args.penalty);
    record<&Backend<T>::gradient_penalty>(t, args);
}

namespace {

template <class T>
Touches gan_loss_touches(const RecordedMemory& memory, const GanLossArgs<T>& a) {
    return Touches(memory)
        .reads(a.a, a.n)
        .reads(a.b, a.n)
        .writes(a.loss, a.n)
        .writes(a.da, a.n)
        .writes(a.db, a.n);
}

}  // namespace

template <class T>
void CommandRecorder<T>::discriminator_loss(GanLoss kind, const GanLossArgs<T>& args) const {
    record<&Backend<T>::discriminator_loss>(gan_loss_touches(memory_, args), kind, args);
}

template <class T>
void CommandRecorder<T>::generator_loss(GanLoss kind, const GanLossArgs<T>& args) const {
    record<&Backend<T>::generator_loss>(gan_loss_touches(memory_, args), kind, args);
}

template <class T>
void CommandRecorder<T>::minibatch_stddev_forward(const MinibatchStddevArgs<T>& args) const {
    record<&Backend<T>::minibatch_stddev_forward>(
        stddev_touches(memory_, args, false).writes(args.c, {0, args.t.rows * args.group}).writes(args.t),
        args);
}

template <class T>
void CommandRecorder<T>::minibatch_stddev_backward(const MinibatchStddevArgs<T>& args) const {
    record<&Backend<T>::minibatch_stddev_backward>(
        stddev_touches(memory_, args, true).reads(args.c, {0, args.t.rows * args.group}).reads(args.t), args);
}

template <class T>
void CommandRecorder<T>::minibatch_stddev_tangent(const MinibatchStddevArgs<T>& args) const {
    record<&Backend<T>::minibatch_stddev_tangent>(
        stddev_touches(memory_, args, false).reads(args.c, {0, args.t.rows * args.group}).reads(args.t),
        args);
}

template <class T>
void CommandRecorder<T>::minibatch_stddev_double_backward(const MinibatchStddevArgs<T>& args) const {
    const Index rows = args.t.rows * args.group;
    record<&Backend<T>::minibatch_stddev_double_backward>(
        stddev_touches(memory_, args, true)
            .reads(args.c, {0, rows})
            .reads(args.t)
            .reads(columns_of(args.x_dot, rows, args.t.cols))
            .reads(columns_of(args.dy_dot, rows, args.t.cols + 1)),
        args);
}

template <class T>
void CommandRecorder<T>::power_iteration(const SpectralArgs<T>& args) const {
    record<&Backend<T>::power_iteration>(Touches(memory_)
                                             .reads(args.w)
                                             .writes(args.by_row, args.w.rows)
                                             .writes(args.by_col, args.w.cols)
                                             .reads(args.status, 1),
                                         args);
}

template <class T>
void CommandRecorder<T>::spectral_normalize(const SpectralArgs<T>& args) const {
    record<&Backend<T>::spectral_normalize>(Touches(memory_)
                                                .writes(args.w)
                                                .reads(args.by_row, args.w.rows)
                                                .reads(args.by_col, args.w.cols)
                                                .writes(args.sigma, 1)
                                                .writes(args.products, args.w.rows),
                                            args);
}

template <class T>
void CommandRecorder<T>::spectral_backward(const SpectralArgs<T>& args) const {
    record<&Backend<T>::spectral_backward>(Touches(memory_)
                                               .writes(args.dw)
                                               .reads(args.w)
                                               .reads(args.by_row, args.w.rows)
                                               .reads(args.by_col, args.w.cols)
                                               .reads(args.sigma, 1),
                                           args);
}

template <class T>
void CommandRecorder<T>::ema(T* average, const T* w, Index n, const StepParams<T>* params,
                             const StepStatus* status) const {
    record<&Backend<T>::ema>(
        Touches(memory_).writes(average, n).reads(w, n).reads(params, 1).reads(status, 1), average, w, n,
        params, status);
}

template <class T>
void CommandRecorder<T>::discriminator_tally(const DiscriminatorTally<T>& args) const {
    record<&Backend<T>::discriminator_tally>(
        Touches(memory_).writes(args.status, 1).reads(args.score, 2 * args.pairs), args);
}

template <class T>
void CommandRecorder<T>::generator_tally(StepStatus* status) const {
    record<&Backend<T>::generator_tally>(Touches(memory_).writes(status, 1), status);
}

template class CommandRecorder<float>;
template class CommandRecorder<double>;

}  // namespace ds
