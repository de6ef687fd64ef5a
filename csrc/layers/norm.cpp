#include "layers/norm.h"

#include <algorithm>
#include <string>

namespace ds {

template <class T>
NormLayer<T>::NormLayer(ParameterTable& table, const std::string& name, Index width,
                        ActivationOf<T> activation, double eps)
    : Layer<T>(width, width, activation), eps_(static_cast<T>(eps)) {
    weight_ = table[table.add(name + ".norm.weight", ParameterKind::kNormWeight, 1, width)].offset;
    bias_ = table[table.add(name + ".norm.bias", ParameterKind::kNormBias, 1, width)].offset;
}

template <class T>
void NormLayer<T>::allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const {
    Layer<T>::allocate_buffers(planner, batch, buffers);
    const Index ld = buffers.y.ld;
    buffers.aux = planner.matrix<T>(batch, this->outputs_);
    buffers.stats =
        planner.allocate<T>(1, std::max(batch, 3 * ld));  // one value per row, or three per column
}

template <class T>
NormForward<T> NormLayer<T>::forward_arguments(const ExecContext<T>& exec, Matrix<T> y, Matrix<const T> x,
                                               Range rows) const {
    NormForward<T> f;
    f.y = y.row_slice(rows);
    f.x = x.row_slice(rows);
    f.weight = exec.params + weight_;
    f.bias = exec.params + bias_;
    f.eps = eps_;
    return f;
}

template <class T>
NormForward<T> NormLayer<T>::forward_arguments(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                               const LayerBuffers<T>& buffers, Range rows) const {
    NormForward<T> f = forward_arguments(exec, pre_activation(buffers), layer_input.x, rows);
    f.n = buffers.aux.row_slice(rows);
    return f;
}

template <class T>
NormBackward<T> NormLayer<T>::backward_arguments(Matrix<T> dx, Matrix<const T> dy, Matrix<const T> n,
                                                 Range rows) const {
    NormBackward<T> b;
    b.dx = dx.row_slice(rows);
    b.dy = dy.row_slice(rows);
    b.n = n.row_slice(rows);
    return b;
}

template <class T>
NormBackward<T> NormLayer<T>::backward_arguments(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                                 const LayerBuffers<T>& buffers, Range rows) const {
    NormBackward<T> b = backward_arguments(layer_input.d, buffers.d, buffers.aux, rows);
    b.weight = exec.params + weight_;
    return b;
}

template <class T>
void NormLayer<T>::sum_gradients(const ExecContext<T>& exec, const LayerBuffers<T>& buffers,
                                 Share share) const {
    const Range cols = share.of(this->outputs_, 16);
    if (cols.empty()) return;
    NormWeightGradient<T> g;
    const Range all{0, exec.batch + exec.tangents};
    g.bias_rows = exec.batch;
    g.dweight = exec.grads + weight_ + cols.begin;
    g.dbias = exec.grads + bias_ + cols.begin;
    g.dy = buffers.d.block(all, cols);
    g.n = buffers.aux.block(all, cols);
    exec.backend->norm_weight_gradient(g);
}

template <class T>
void NormLayer<T>::finish_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                   Range rows) const {
    exec.backend->activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
}

// Layer normalisation: row by row.

template <class T>
void LayerNorm<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                           LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty()) return;
    NormForward<T> f = this->forward_arguments(exec, layer_input, buffers, rows);
    f.row_scale = buffers.stats + rows.begin;
    exec.backend->layer_norm_forward(f);
    exec.backend->activation_forward(buffers.y, this->pre_activation(buffers), this->activation_, rows);
}

template <class T>
void LayerNorm<T>::backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                            LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty() || !layer_input.d) return;
    NormBackward<T> b = this->backward_arguments(exec, layer_input, buffers, rows);
    b.row_scale = buffers.stats + rows.begin;
    exec.backend->layer_norm_backward(b);
    this->finish_backward(exec, layer_input, rows);
}

template <class T>
void LayerNorm<T>::weight_gradient(const ExecContext<T>& exec, const LayerInput<T>&,
                                   const LayerBuffers<T>& buffers, Share share) const {
    this->sum_gradients(exec, buffers, share);
}

template <class T>
LayerBuffers<T> LayerNorm<T>::tangent_view(const LayerBuffers<T>& buffers, Index base, Index first) const {
    LayerBuffers<T> v = Layer<T>::tangent_view(buffers, base, first);
    v.n_dot = buffers.aux.rows_from(base);
    return v;
}

// The linear map from ẋ to ṅ is its own adjoint, so the backward kernel computes the tangent of n.
template <class T>
void LayerNorm<T>::tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                           LayerBuffers<T>& view, Range rows) const {
    if (rows.empty()) return;
    NormBackward<T> b = this->backward_arguments(view.n_dot, layer_input.x, view.aux, rows);
    b.row_scale = view.stats + rows.begin;
    exec.backend->layer_norm_backward(b);
    exec.backend->multiply(view.y, view.n_dot,
                           repeated_row(exec.params + this->weight_, rows.end, this->outputs_), rows);
    this->finish_tangent(exec, view, rows);
}

template <class T>
void LayerNorm<T>::double_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                   LayerBuffers<T>& buffers, const LayerInput<T>& tangent_input,
                                   const LayerBuffers<T>& view, Index first, Range rows) const {
    if (rows.empty() || !layer_input.d) return;
    const Range of_batch{first + rows.begin, first + rows.end};
    NormDoubleBackward<T> b;
    b.backward = this->backward_arguments(exec, layer_input, buffers, of_batch);
    b.backward.row_scale = buffers.stats + of_batch.begin;
    b.dy_dot = view.d.row_slice(rows);
    b.x_dot = tangent_input.x.row_slice(rows);
    b.n_dot = view.n_dot.row_slice(rows);
    exec.backend->layer_norm_double_backward(b);
    this->finish_backward(exec, layer_input, of_batch);
}

template <class T>
void LayerNorm<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>&,
                         Index rows) const {
    exec.backend->layer_norm_forward(this->forward_arguments(exec, y, x, {0, rows}));
    exec.backend->activation_forward(y, y, this->activation_, {0, rows});
}

// Batch normalisation: column by column over the batch.

template <class T>
BatchNorm<T>::BatchNorm(ParameterTable& table, const std::string& name, Index width,
                        ActivationOf<T> activation, double eps, double momentum)
    : NormLayer<T>(table, name, width, activation, eps), name_(name), momentum_(static_cast<T>(momentum)) {}

template <class T>
void BatchNorm<T>::register_buffers(ParameterTable& table) {
    const Index width = this->outputs_;
    running_mean_ =
        table[table.add(name_ + ".norm.running_mean", ParameterKind::kRunningMean, 1, width)].offset;
    running_variance_ =
        table[table.add(name_ + ".norm.running_var", ParameterKind::kRunningVariance, 1, width)].offset;
}

template <class T>
void BatchNorm<T>::couple_forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                  LayerBuffers<T>& buffers, Share share) const {
    const Range cols = share.of(this->outputs_, 16);
    if (cols.empty()) return;
    BatchStatistics<T> s;
    s.mean = mean(buffers) + cols.begin;
    s.variance = variance(buffers) + cols.begin;
    s.scale = scale(buffers) + cols.begin;
    s.x = layer_input.x.block({0, exec.batch}, cols);
    s.eps = this->eps_;
    exec.backend->batch_norm_statistics(s);
}

template <class T>
void BatchNorm<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                           LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty()) return;
    NormForward<T> f = this->forward_arguments(exec, layer_input, buffers, rows);
    f.mean = mean(buffers);
    f.column_scale = scale(buffers);
    exec.backend->batch_norm_forward(f);
    exec.backend->activation_forward(buffers.y, this->pre_activation(buffers), this->activation_, rows);
}

template <class T>
void BatchNorm<T>::couple_backward(const ExecContext<T>& exec, const LayerInput<T>&, LayerBuffers<T>& buffers,
                                   Share share) const {
    this->sum_gradients(exec, buffers, share);
}

template <class T>
void BatchNorm<T>::backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                            LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty() || !layer_input.d) return;
    NormBackward<T> b = this->backward_arguments(exec, layer_input, buffers, rows);
    b.column_scale = scale(buffers);
    b.dweight = exec.grads + this->weight_;
    b.dbias = exec.grads + this->bias_;
    b.count = exec.batch;
    exec.backend->batch_norm_backward(b);
    this->finish_backward(exec, layer_input, rows);
}

template <class T>
void BatchNorm<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>&,
                         Index rows) const {
    exec.backend->inverse_stddev(exec.worker.scratchpad, exec.params + running_variance_, this->eps_,
                                 this->outputs_);
    NormForward<T> f = this->forward_arguments(exec, y, x, {0, rows});
    f.mean = exec.params + running_mean_;
    f.column_scale = exec.worker.scratchpad;
    exec.backend->batch_norm_forward(f);
    exec.backend->activation_forward(y, y, this->activation_, {0, rows});
}

template <class T>
void BatchNorm<T>::update_running_stats(const ExecContext<T>& exec, const LayerBuffers<T>& buffers,
                                        T* params) const {
    RunningStatistics<T> r;
    r.cols = this->outputs_;
    r.mean = params + running_mean_;
    r.variance = params + running_variance_;
    r.batch_mean = mean(buffers);
    r.batch_variance = variance(buffers);
    r.momentum = momentum_;
    r.count = exec.batch;
    r.status = exec.status;
    exec.backend->update_running_statistics(r);
}

template class NormLayer<float>;
template class NormLayer<double>;
template class LayerNorm<float>;
template class LayerNorm<double>;
template class BatchNorm<float>;
template class BatchNorm<double>;

}  // namespace ds
