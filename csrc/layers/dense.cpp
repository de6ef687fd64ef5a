#include "layers/dense.h"

#include <algorithm>

namespace ds {
template <class T>
Dense<T>::Dense(ParameterTable& table, const std::string& name, const WeightInit& init, Index inputs,
                Index outputs, bool bias, ActivationOf<T> activation, bool needs_input_grad)
    : Layer<T>(inputs, outputs, activation), init_(init), needs_input_grad_(needs_input_grad) {
    weight_ = table.add(name + ".weight", ParameterKind::kWeight, inputs, outputs);
    own_transpose_ = table[weight_].ld == 1 || inputs == 1;
    if (needs_input_grad && !own_transpose_ && table[weight_].rows * table[weight_].ld <= kLargeWeight)
        table.keep_transposed(weight_);
    const Parameter& w = table[weight_];
    weight_offset_ = w.offset;
    weight_ld_ = w.ld;
    if (w.large()) block_ = w.block();
    transposed_ = w.transposed;
    transposed_ld_ = w.transposed_ld;
    if (bias) bias_offset_ = table[table.add(name + ".bias", ParameterKind::kBias, 1, outputs)].offset;
}

template <class T>
void Dense<T>::plan(const Backend<T>& backend, Index batch, bool training, LayerBuffers<T>& buffers) const {
    // Training buffers have padded rows, and so have the weights, with zeros in the padding.
    const Index columns = training ? backend.padded_columns(this->outputs_) : this->outputs_;
    buffers.forward = backend.plan_forward(batch, this->inputs_, columns, weight_ld_);
    if (!training) return;
    buffers.backward_weight = backend.plan_backward_weight(batch, this->inputs_, this->outputs_, weight_ld_);
    if (block_ > 0 && batch <= kSumChunk && batch * weight_ld_ * Index(sizeof(T)) <= kGradientBytes)
        buffers.backward_rows = backend.plan_backward_weight(batch, block_, this->outputs_, weight_ld_);
    if (!needs_input_grad_) return;
    // Without a transposed copy the columns of dx are rows of W, and there is nothing beyond the last one.
    const Index columns_below = reads_stored() ? this->inputs_ : backend.padded_columns(this->inputs_);
    buffers.backward_input =
        backend.plan_backward_input(batch, columns_below, this->outputs_, backward_ld(), reads_stored());
}

template <class T>
Index Dense<T>::scratchpad_size(const LayerBuffers<T>& buffers) const {
    return std::max({buffers.forward.scratchpad_size(), buffers.backward_input.scratchpad_size(),
                     buffers.backward_weight.scratchpad_size()});
}

template <class T>
void Dense<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                       Range rows) const {
    LinearForward<T> op{.plan = &buffers.forward,
                        .y = buffers.y,
                        .w = exec.params + weight_offset_,
                        .ldw = weight_ld_,
                        .bias = bias(exec.params)};
    op.x.p = layer_input.x.p, op.x.rows = layer_input.x.rows, op.x.cols = layer_input.x.cols,
    op.x.ld = layer_input.x.ld;  // member by member: a wide load would wait for the store of p
    op.share = exec.products();
    if (!outputs_logits_) {
        op.activation = this->activation_;
        op.columns = this->outputs_;
        if (this->saves_input()) op.saved = buffers.saved;
    }
    if (layer_input.sparse)
        return exec.backend->sparse_forward(op, layer_input.sparse->rows, rows, exec.worker);
    exec.backend->linear_forward(op, rows, exec.worker);
}

template <class T>
LinearForward<T> Dense<T>::inference(const ExecContext<T>& exec, Matrix<T> y,
                                     const LayerBuffers<T>& plans) const {
    const bool logits = outputs_logits_ && exec.keep_logits;
    const bool softmax = this->activation_.kind == Activation::kSoftmax;
    return {&plans.forward,
            y,
            {},
            {},
            exec.params + weight_offset_,
            weight_ld_,
            bias(exec.params),
            logits || softmax ? ActivationOf<T>{} : this->activation_};
}

template <class T>
void Dense<T>::finish_inference(const ExecContext<T>& exec, Matrix<T> y, Index rows) const {
    const bool logits = outputs_logits_ && exec.keep_logits;
    if (this->activation_.kind == Activation::kSoftmax && !logits) exec.backend->softmax(y, y, {0, rows});
}

template <class T>
void Dense<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
                     Index rows) const {
    LinearForward<T> op = inference(exec, y, plans);
    op.x = x;
    exec.backend->linear_forward(op, {0, rows}, exec.worker);
    finish_inference(exec, y, rows);
}

template <class T>
void Dense<T>::infer_sparse(const ExecContext<T>& exec, const SparseMatrix<T>& x, Matrix<T> y,
                            const LayerBuffers<T>& plans, Index rows) const {
    exec.backend->sparse_forward(inference(exec, y, plans), x, {0, rows}, exec.worker);
    finish_inference(exec, y, rows);
}

template <class T>
void Dense<T>::backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                        LayerBuffers<T>& buffers, Range rows) const {
    if (!layer_input.d) return;
    const T* w = transposed_ >= 0 ? exec.copies + transposed_ : exec.params + weight_offset_;
    const Index columns = layer_input.padded ? buffers.backward_input.shape().n : this->inputs_;
    exec.backend->linear_backward_input(
        {&buffers.backward_input, layer_input.d, buffers.d, w, backward_ld(), columns, layer_input.saved,
         layer_input.activation, false, exec.products()},
        rows, exec.worker);
}

// ẋ W without bias, times act' as in the backward pass.
template <class T>
void Dense<T>::tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                       Range rows) const {
    const ActivationOf<T> fused = view.second_order ? ActivationOf<T>{} : this->activation_;
    exec.backend->linear_backward_input({&view.forward, view.y, layer_input.x, exec.params + weight_offset_,
                                         weight_ld_, 0, view.saved, fused},
                                        rows, exec.worker);
    if (view.second_order) this->finish_tangent(exec, view, rows);
}

template <class T>
void Dense<T>::weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                               const LayerBuffers<T>& buffers, Share share) const {
    const bool excluded = exec.by_rows && weight_by_rows(buffers) >= 0;
    const LinearBackwardWeight<T> op{
        .plan = &buffers.backward_weight,
        .dw = excluded ? Matrix<T>{} : gradient(exec.grads + weight_offset_, this->inputs_),
        .dbias = bias_offset_ < 0 ? nullptr : exec.grads + bias_offset_,
        .dy = buffers.d,
        .x = layer_input.x,
        .inputs = this->inputs_,
        .outputs = this->outputs_,
        .batch = exec.batch + exec.tangents,
        .bias_batch = exec.batch};
    if (const SparseInput<T>* const sparse = layer_input.sparse)
        return exec.backend->sparse_backward_weight(op, sparse->transposed, sparse->multiply_zeros, share,
                                                    exec.worker);
    exec.backend->linear_backward_weight(op, share, exec.worker);
}

template <class T>
void Dense<T>::gradient_rows(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                             const LayerBuffers<T>& buffers, Range rows, T* to,
                             const PrefetchHint<T>& prefetch_hint) const {
    const LinearBackwardWeight<T> op{.plan = &buffers.backward_rows,
                                     .dw = gradient(to, rows.size()),
                                     .dy = buffers.d,
                                     .x = layer_input.x.col_slice(rows),
                                     .inputs = rows.size(),
                                     .outputs = this->outputs_,
                                     .batch = exec.batch + exec.tangents,
                                     .prefetch_hint = &prefetch_hint};
    if (const SparseInput<T>* const sparse = layer_input.sparse)
        exec.backend->sparse_backward_weight(op, sparse->transposed.row_slice(rows), sparse->multiply_zeros,
                                             {}, {});
    else
        exec.backend->linear_backward_weight(op, {}, {exec.worker.scratchpad});
    const Index beyond = weight_ld_ - this->outputs_;
    for (Index i = 0; beyond > 0 && i < rows.size(); ++i)
        std::fill_n(to + i * weight_ld_ + this->outputs_, beyond, T(0));
}

template class Dense<float>;
template class Dense<double>;

}  // namespace ds
