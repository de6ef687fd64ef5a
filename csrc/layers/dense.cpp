#include "layers/dense.h"

#include <algorithm>

namespace ds {
template <class T>
Dense<T>::Dense(ParameterTable& table, const std::string& name, Index index, Index inputs, Index outputs,
                bool bias, ActivationOf<T> activation, bool first)
    : Layer<T>(inputs, outputs, activation), first_(first) {
    const Index w = table.add(name + ".weight", ParameterKind::kWeight, index, inputs, outputs);
    own_transpose_ = table[w].ld == 1 || inputs == 1;
    if (!first && !own_transpose_ && table[w].rows * table[w].ld <= kLargeWeight) table.keep_transposed(w);
    weight_offset_ = table[w].offset;
    weight_ld_ = table[w].ld;
    if (table[w].large()) block_ = table[w].block();
    transposed_ = table[w].transposed;
    transposed_ld_ = table[w].transposed_ld;
    if (bias) bias_offset_ = table[table.add(name + ".bias", ParameterKind::kBias, index, 1, outputs)].offset;
}

template <class T>
void Dense<T>::plan(const Backend<T>& backend, Index batch, bool training, Tape<T>& tape) const {
    // In tapes, whose rows have room for whole registers; the weights have zeros there.
    const Index columns = training ? backend.whole_registers(this->outputs_) : this->outputs_;
    tape.forward = backend.plan_forward(batch, this->inputs_, columns, weight_ld_);
    if (!training) return;
    tape.backward_weight = backend.plan_backward_weight(batch, this->inputs_, this->outputs_, weight_ld_);
    if (block_ > 0 && batch <= kSumChunk && batch * weight_ld_ * Index(sizeof(T)) <= kGradientBytes)
        tape.backward_rows = backend.plan_backward_weight(batch, block_, this->outputs_, weight_ld_);
    if (first_) return;
    // As stored its rows are the columns below, and nothing lies behind the last of them.
    const Index columns_below = reads_stored() ? this->inputs_ : backend.whole_registers(this->inputs_);
    tape.backward_input =
        backend.plan_backward_input(batch, columns_below, this->outputs_, backward_ld(), reads_stored());
}

template <class T>
Index Dense<T>::scratch(const Tape<T>& tape) const {
    return std::max({tape.forward.scratch(), tape.backward_input.scratch(), tape.backward_weight.scratch()});
}

template <class T>
void Dense<T>::forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    LinearForward<T> op{.plan = &tape.forward,
                        .y = tape.y,
                        .w = pass.params + weight_offset_,
                        .ldw = weight_ld_,
                        .bias = bias(pass.params)};
    op.x.p = below.x.p, op.x.ld = below.x.ld;  // one by one: a wide load would wait for p's store
    op.share = pass.products();
    if (!leaves_logits_) {
        op.activation = this->activation_;
        op.columns = this->outputs_;
        if (this->saves_input()) op.saved = tape.saved;
    }
    pass.backend->linear_forward(op, rows, pass.worker);
}

template <class T>
void Dense<T>::infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
                     Index rows) const {
    const bool logits = leaves_logits_ && pass.keep_logits;
    const bool softmax = this->activation_.kind == Activation::kSoftmax;
    const LinearForward<T> op{&plans.forward,
                              y,
                              {},
                              x,
                              pass.params + weight_offset_,
                              weight_ld_,
                              bias(pass.params),
                              logits || softmax ? ActivationOf<T>{} : this->activation_};
    pass.backend->linear_forward(op, {0, rows}, pass.worker);
    if (softmax && !logits) pass.backend->softmax(y, y, {0, rows}, this->outputs_);
}

template <class T>
void Dense<T>::backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    if (!below.d) return;
    const T* w = transposed_ >= 0 ? pass.copies + transposed_ : pass.params + weight_offset_;
    const Index columns = below.whole ? tape.backward_input.shape().n : this->inputs_;
    pass.backend->linear_backward_input({&tape.backward_input, below.d, tape.d, w, backward_ld(), columns,
                                         below.saved, below.activation, false, pass.products()},
                                        rows, pass.worker);
}

// ẋ W, no bias; times act' as the product of the way back is.
template <class T>
void Dense<T>::tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const {
    const ActivationOf<T> at_once = view.bend ? ActivationOf<T>{} : this->activation_;
    pass.backend->linear_backward_input(
        {&view.forward, view.y, below.x, pass.params + weight_offset_, weight_ld_, 0, view.saved, at_once},
        rows, pass.worker);
    if (view.bend) this->finish_tangent(pass, view, rows);
}

template <class T>
void Dense<T>::weight_gradient(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape,
                               Share share) const {
    const bool left_out = pass.by_rows && weight_by_rows(tape) >= 0;
    const LinearBackwardWeight<T> op{
        .plan = &tape.backward_weight,
        .dw = left_out ? Matrix<T>{} : Matrix<T>{pass.grads + weight_offset_, weight_ld_},
        .dbias = bias_offset_ < 0 ? nullptr : pass.grads + bias_offset_,
        .dy = tape.d,
        .x = below.x,
        .inputs = this->inputs_,
        .outputs = this->outputs_,
        .batch = pass.batch + pass.tangents,
        .bias_batch = pass.batch};
    pass.backend->linear_backward_weight(op, share, pass.worker);
}

template <class T>
void Dense<T>::gradient_rows(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape, Range rows,
                             T* to, const Wanted<T>& wanted) const {
    const LinearBackwardWeight<T> op{.plan = &tape.backward_rows,
                                     .dw = {to, weight_ld_},
                                     .dy = tape.d,
                                     .x = {below.x.p + rows.begin, below.x.ld},
                                     .inputs = rows.size(),
                                     .outputs = this->outputs_,
                                     .batch = pass.batch + pass.tangents,
                                     .wanted = &wanted};
    pass.backend->linear_backward_weight(op, {}, {pass.worker.scratch});
    const Index beyond = weight_ld_ - this->outputs_;
    for (Index i = 0; beyond > 0 && i < rows.size(); ++i)
        std::fill_n(to + i * weight_ld_ + this->outputs_, beyond, T(0));
}

template class Dense<float>;
template class Dense<double>;

}  // namespace ds
