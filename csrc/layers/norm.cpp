#include "layers/norm.h"

#include <algorithm>
#include <string>

namespace ds {

template <class T>
NormLayer<T>::NormLayer(ParameterTable& table, const std::string& name, Index index, Index width,
                        ActivationOf<T> activation, double eps)
    : Layer<T>(width, width, activation), eps_(static_cast<T>(eps)) {
    weight_ = table[table.add(name + ".norm.weight", ParameterKind::kNormWeight, index, 1, width)].offset;
    bias_ = table[table.add(name + ".norm.bias", ParameterKind::kNormBias, index, 1, width)].offset;
}

template <class T>
void NormLayer<T>::carve(Carver& carver, Index batch, Tape<T>& tape) const {
    Layer<T>::carve(carver, batch, tape);
    const Index ld = tape.y.ld;
    tape.aux = {carver.take<T>(batch, ld), ld};
    tape.stats = carver.take<T>(1, std::max(batch, 3 * ld));  // a value a row, or three a column
}

template <class T>
NormForward<T> NormLayer<T>::forward_arguments(const Pass<T>& pass, Matrix<T> y, Matrix<const T> x,
                                               Range rows) const {
    NormForward<T> f;
    f.rows = rows.size();
    f.cols = this->outputs_;
    f.y = y.row(rows.begin);
    f.ldy = y.ld;
    f.x = x.row(rows.begin);
    f.ldx = x.ld;
    f.weight = pass.params + weight_;
    f.bias = pass.params + bias_;
    f.eps = eps_;
    return f;
}

template <class T>
NormForward<T> NormLayer<T>::forward_arguments(const Pass<T>& pass, const Below<T>& below,
                                               const Tape<T>& tape, Range rows) const {
    NormForward<T> f = forward_arguments(pass, pre_activation(tape), below.x, rows);
    f.n = tape.aux.row(rows.begin);
    f.ldn = tape.aux.ld;
    return f;
}

template <class T>
NormBackward<T> NormLayer<T>::backward_arguments(Matrix<T> dx, Matrix<const T> dy, Matrix<const T> n,
                                                 Range rows) const {
    NormBackward<T> b;
    b.rows = rows.size();
    b.cols = this->outputs_;
    b.dx = dx.row(rows.begin);
    b.lddx = dx.ld;
    b.dy = dy.row(rows.begin);
    b.lddy = dy.ld;
    b.n = n.row(rows.begin);
    b.ldn = n.ld;
    return b;
}

template <class T>
NormBackward<T> NormLayer<T>::backward_arguments(const Pass<T>& pass, const Below<T>& below,
                                                 const Tape<T>& tape, Range rows) const {
    NormBackward<T> b = backward_arguments(below.d, tape.d, tape.aux, rows);
    b.weight = pass.params + weight_;
    return b;
}

template <class T>
void NormLayer<T>::sum_gradients(const Pass<T>& pass, const Tape<T>& tape, Share share) const {
    const Range cols = share.of(this->outputs_, 16);
    if (cols.empty()) return;
    NormWeightGradient<T> g;
    g.rows = pass.batch + pass.tangents;
    g.bias_rows = pass.batch;
    g.cols = cols.size();
    g.dweight = pass.grads + weight_ + cols.begin;
    g.dbias = pass.grads + bias_ + cols.begin;
    g.dy = tape.d.p + cols.begin;
    g.lddy = tape.d.ld;
    g.n = tape.aux.p + cols.begin;
    g.ldn = tape.aux.ld;
    pass.backend->norm().weight_gradient(g);
}

template <class T>
void NormLayer<T>::finish_backward(const Pass<T>& pass, const Below<T>& below, Range rows) const {
    pass.backend->activation_backward(below.d, below.saved, below.activation, rows, this->outputs_);
}

// Row by row
// -----------------------------------------------------------------------------------------------------

template <class T>
void LayerNorm<T>::forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    if (rows.empty()) return;
    NormForward<T> f = this->forward_arguments(pass, below, tape, rows);
    f.row_scale = tape.stats + rows.begin;
    pass.backend->norm().layer_forward(f);
    pass.backend->activation_forward(tape.y, this->pre_activation(tape), this->activation_, rows,
                                     this->outputs_);
}

template <class T>
void LayerNorm<T>::backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    if (rows.empty() || !below.d) return;
    NormBackward<T> b = this->backward_arguments(pass, below, tape, rows);
    b.row_scale = tape.stats + rows.begin;
    pass.backend->norm().layer_backward(b);
    this->finish_backward(pass, below, rows);
}

template <class T>
void LayerNorm<T>::weight_gradient(const Pass<T>& pass, const Below<T>&, const Tape<T>& tape,
                                   Share share) const {
    this->sum_gradients(pass, tape, share);
}

template <class T>
Tape<T> LayerNorm<T>::view(const Tape<T>& tape, Index base, Index first) const {
    Tape<T> v = Layer<T>::view(tape, base, first);
    v.moved = {tape.aux.row(base), tape.aux.ld};
    return v;
}

// The tangent of n is what the way back makes of a gradient by n: the map is its own adjoint.
template <class T>
void LayerNorm<T>::tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const {
    if (rows.empty()) return;
    NormBackward<T> b = this->backward_arguments(view.moved, below.x, view.aux, rows);
    b.row_scale = view.stats + rows.begin;
    pass.backend->norm().layer_backward(b);
    pass.backend->multiply(view.y, view.moved, {pass.params + this->weight_, 0}, rows, this->outputs_);
    this->finish_tangent(pass, view, rows);
}

template <class T>
void LayerNorm<T>::backward_bent(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape,
                                 const Below<T>& below_view, const Tape<T>& view, Index first,
                                 Range rows) const {
    if (rows.empty() || !below.d) return;
    const Range of_batch{first + rows.begin, first + rows.end};
    NormBackwardBent<T> b;
    b.back = this->backward_arguments(pass, below, tape, of_batch);
    b.back.row_scale = tape.stats + of_batch.begin;
    b.e = view.d.row(rows.begin);
    b.lde = view.d.ld;
    b.linear = below_view.x.row(rows.begin);
    b.ldl = below_view.x.ld;
    b.moved = view.moved.row(rows.begin);
    b.ldm = view.moved.ld;
    pass.backend->norm().layer_backward_bent(b);
    this->finish_backward(pass, below, of_batch);
}

template <class T>
void LayerNorm<T>::infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>&,
                         Index rows) const {
    pass.backend->norm().layer_forward(this->forward_arguments(pass, y, x, {0, rows}));
    pass.backend->activation_forward(y, y, this->activation_, {0, rows}, this->outputs_);
}

// Column by column over the batch
// --------------------------------------------------------------------------------

template <class T>
BatchNorm<T>::BatchNorm(ParameterTable& table, const std::string& name, Index index, Index width,
                        ActivationOf<T> activation, double eps, double momentum)
    : NormLayer<T>(table, name, index, width, activation, eps),
      name_(name),
      index_(index),
      momentum_(static_cast<T>(momentum)) {}

template <class T>
void BatchNorm<T>::place_buffers(ParameterTable& table) {
    const Index width = this->outputs_;
    running_mean_ =
        table[table.add(name_ + ".norm.running_mean", ParameterKind::kRunningMean, index_, 1, width)].offset;
    running_variance_ =
        table[table.add(name_ + ".norm.running_var", ParameterKind::kRunningVariance, index_, 1, width)]
            .offset;
}

template <class T>
void BatchNorm<T>::couple_forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape,
                                  Share share) const {
    const Range cols = share.of(this->outputs_, 16);
    if (cols.empty()) return;
    BatchStatistics<T> s;
    s.rows = pass.batch;
    s.cols = cols.size();
    s.mean = mean(tape) + cols.begin;
    s.variance = variance(tape) + cols.begin;
    s.scale = scale(tape) + cols.begin;
    s.x = below.x.p + cols.begin;
    s.ldx = below.x.ld;
    s.eps = this->eps_;
    pass.backend->norm().batch_statistics(s);
}

template <class T>
void BatchNorm<T>::forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    if (rows.empty()) return;
    NormForward<T> f = this->forward_arguments(pass, below, tape, rows);
    f.mean = mean(tape);
    f.column_scale = scale(tape);
    pass.backend->norm().batch_forward(f);
    pass.backend->activation_forward(tape.y, this->pre_activation(tape), this->activation_, rows,
                                     this->outputs_);
}

template <class T>
void BatchNorm<T>::couple_backward(const Pass<T>& pass, const Below<T>&, Tape<T>& tape, Share share) const {
    this->sum_gradients(pass, tape, share);
}

template <class T>
void BatchNorm<T>::backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    if (rows.empty() || !below.d) return;
    NormBackward<T> b = this->backward_arguments(pass, below, tape, rows);
    b.column_scale = scale(tape);
    b.dweight = pass.grads + this->weight_;
    b.dbias = pass.grads + this->bias_;
    b.count = pass.batch;
    pass.backend->norm().batch_backward(b);
    this->finish_backward(pass, below, rows);
}

template <class T>
void BatchNorm<T>::infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>&,
                         Index rows) const {
    pass.backend->norm().inverse_deviation(pass.worker.scratch, pass.params + running_variance_, this->eps_,
                                           this->outputs_);
    NormForward<T> f = this->forward_arguments(pass, y, x, {0, rows});
    f.mean = pass.params + running_mean_;
    f.column_scale = pass.worker.scratch;
    pass.backend->norm().batch_forward(f);
    pass.backend->activation_forward(y, y, this->activation_, {0, rows}, this->outputs_);
}

template <class T>
void BatchNorm<T>::end_step(const Pass<T>& pass, const Tape<T>& tape, T* params) const {
    RunningStatistics<T> r;
    r.cols = this->outputs_;
    r.mean = params + running_mean_;
    r.variance = params + running_variance_;
    r.batch_mean = mean(tape);
    r.batch_variance = variance(tape);
    r.momentum = momentum_;
    r.count = pass.batch;
    pass.backend->norm().running_statistics(r);
}

template class NormLayer<float>;
template class NormLayer<double>;
template class LayerNorm<float>;
template class LayerNorm<double>;
template class BatchNorm<float>;
template class BatchNorm<double>;

}  // namespace ds
