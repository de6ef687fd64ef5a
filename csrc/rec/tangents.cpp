#include "rec/tangents.h"

#include <algorithm>
#include <stdexcept>

namespace ds {

template <class T>
RecTangents<T>::RecTangents(RecStack<T>& stack)
    : stack_(stack), layers_(stack.stack_.size()), dropped_(layers_.size() + 1) {
    const RecStackOptions& options = stack.options_;
    if (!stack.training_ || !options.numbered || !options.external_inputs || stack.is_stepwise())
        throw std::logic_error(
            "RecTangents: expected a stack in training, numbered, with external inputs and pooled outputs");
}

template <class T>
void RecTangents<T>::allocate_buffers(ArenaPlanner& planner) {
    const Index rows = stack_.max_rows_, total = stack_.max_total_;
    v_ = planner.matrix<T>(total, stack_.width(0));
    g_ = planner.matrix<T>(total, stack_.width(0));
    pooled_ = planner.matrix<T>(rows, stack_.spec().top_width());
    pooled_e_ = planner.matrix<T>(rows, stack_.spec().top_width());
    for (std::size_t l = 0; l < layers_.size(); ++l)
        stack_.body_.stack()[l].allocate_tangent(planner, rows, total, stack_.stack_[l], stack_.ragged_,
                                                 layers_[l]);
    for (std::size_t l = 0; l < dropped_.size(); ++l)
        if (stack_.has_dropout(l))
            dropped_[l] = planner.matrix<T>(l == layers_.size() ? rows : total, stack_.width(l));
}

template <class T>
void RecTangents<T>::input_gradient(const ExecContext<T>& exec, Matrix<const T> e_pooled, Share share,
                                    Barrier& barrier) {
    barrier.wait();  // other workers have written the caller's rows
    stack_.backend_.copy(pooled_e_, e_pooled, share.of(stack_.layout().rows));
    stack_.run_backward(exec, {.pooled = pooled_e_, .dx = g_, .tangents = &layers_}, share, barrier);
}

// The tangents of layer l's inputs.
template <class T>
RecurrentInput<T> RecTangents<T>::layer_input(std::size_t l) const {
    RecurrentInput<T> b;
    b.x = dropped_[l] ? dropped_[l] : l == 0 ? v_ : layers_[l - 1].dot.y;
    return b;
}

// Masks multiply tangents as they multiply values. Rows are packed, or positions in the batch.
template <class T>
void RecTangents<T>::dropout_forward(const ExecContext<T>& exec, std::size_t l, Range rows) {
    if (!dropped_[l]) return;
    const Matrix<const T> from = l == 0 ? v_ : l < layers_.size() ? layers_[l - 1].dot.y : pooled_;
    exec.backend->multiply(dropped_[l], from, stack_.mask_[l], rows);
}

template <class T>
void RecTangents<T>::forward_tangents(const ExecContext<T>& exec, Share share, Barrier& barrier) {
    const SequenceLayout& layout = stack_.layout();
    const Range packed = share.of(layout.total), batch_rows = layout.rows_of(share);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const Recurrent<T>& layer = stack_.body_.stack()[l];
        dropout_forward(exec, l, packed);
        layer.tangent_project(exec, layer_input(l), stack_.stack_[l], layers_[l], packed);
        barrier.wait();
        layer.tangent_forward(exec, layout, stack_.stack_[l], layers_[l], batch_rows);
        barrier.wait();
    }
    const Range positions = share.of(layout.rows);
    PoolArgs<T> pool = stack_.pool_arguments(pooled_, positions);
    pool.y = layers_.back().dot.y;
    pool.h = layers_.back().dot.h;
    stack_.backend_.pool_tangent(pool);
    barrier.wait();
    if (!dropped_.back()) return;
    dropout_forward(exec, layers_.size(), positions);
    barrier.wait();
}

template <class T>
void RecTangents<T>::backward(const ExecContext<T>& exec, Matrix<const T> d_pooled, Share share,
                              Barrier& barrier) {
    const Matrix<T> d = stack_.top_gradient();
    if (d.p != d_pooled.p) {
        barrier.wait();  // other workers have written the caller's rows
        stack_.backend_.copy(d, d_pooled, share.of(stack_.layout().rows));
    }
    stack_.run_backward(exec, {.pooled = d, .dx = stack_.dx_, .tangents = &layers_, .second_order = true},
                        share, barrier);
}

template <class T>
void RecTangents<T>::weight_gradient(const ExecContext<T>& exec, Share share) {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        stack_.body_.stack()[l].tangent_weight_gradient(exec, stack_.layout(), layer_input(l), layers_[l],
                                                        share);
}

template class RecTangents<float>;
template class RecTangents<double>;

}  // namespace ds
