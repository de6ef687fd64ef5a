#include "train/rec_tangents.h"

#include <algorithm>
#include <stdexcept>

namespace ds {

template <class T>
RecTangents<T>::RecTangents(RecStack<T>& stack)
    : stack_(stack), layers_(stack.stack_.size()), dropped_(layers_.size() + 1) {
    const RecStackOptions& options = stack.options_;
    if (!stack.training_ || !options.numbered || !options.inputs || stack.each_step())
        throw std::logic_error("tangents need a stack in training, numbered, with inputs and pooled outputs");
}

template <class T>
void RecTangents<T>::carve(Carver& carver) {
    const Index rows = stack_.most_rows_, total = stack_.most_total_;
    const auto matrix = [&carver](Index r, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(r, ld), ld};
    };
    v_ = matrix(total, stack_.width(0));
    g_ = matrix(total, stack_.width(0));
    pooled_ = matrix(rows, stack_.spec().top_width());
    pooled_e_ = matrix(rows, stack_.spec().top_width());
    for (std::size_t l = 0; l < layers_.size(); ++l)
        stack_.body_.stack()[l].carve_tangent(carver, rows, total, stack_.stack_[l], stack_.ragged_,
                                              layers_[l]);
    for (std::size_t l = 0; l < dropped_.size(); ++l)
        if (stack_.drops(l)) dropped_[l] = matrix(l == layers_.size() ? rows : total, stack_.width(l));
}

template <class T>
void RecTangents<T>::slopes(const Pass<T>& pass, Matrix<const T> e_pooled, Share share, Barrier& barrier) {
    barrier.wait();  // the caller's rows are other workers'
    stack_.backend_.copy(pooled_e_, e_pooled, share.of(stack_.layout().rows), stack_.spec().top_width());
    stack_.walk_back(pass, {.pooled = pooled_e_, .dx = g_, .tangents = &layers_}, share, barrier);
}

// Layer l's inputs.
template <class T>
RecurrentBelow<T> RecTangents<T>::below(std::size_t l) const {
    RecurrentBelow<T> b;
    b.x = dropped_[l] ? dropped_[l] : l == 0 ? v_ : layers_[l - 1].moved.y;
    return b;
}

// Masks multiply tangents as they do values. Rows are packed, or places.
template <class T>
void RecTangents<T>::drop(const Pass<T>& pass, std::size_t l, Range rows) {
    if (!dropped_[l]) return;
    const Matrix<const T> from = l == 0 ? v_ : l < layers_.size() ? layers_[l - 1].moved.y : pooled_;
    pass.backend->multiply(dropped_[l], from, stack_.mask_[l], rows, stack_.width(l));
}

template <class T>
void RecTangents<T>::tangents(const Pass<T>& pass, Share share, Barrier& barrier) {
    const SequenceLayout& layout = stack_.layout();
    const Range packed = share.of(layout.total), own = layout.own(share);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const Recurrent<T>& layer = stack_.body_.stack()[l];
        drop(pass, l, packed);
        layer.tangent_project(pass, below(l), stack_.stack_[l], layers_[l], packed);
        barrier.wait();
        layer.tangent_forward(pass, layout, stack_.stack_[l], layers_[l], own);
        barrier.wait();
    }
    const Range places = share.of(layout.rows);
    const RecurrentTape<T>& top = layers_.back().moved;
    for (Index row = places.begin; row < places.end; ++row)
        stack_.pooling().tangent(row, top.y, top.h, stack_.best(row), pooled_.row(stack_.pooled_row(row)));
    barrier.wait();
    if (!dropped_.back()) return;
    drop(pass, layers_.size(), places);
    barrier.wait();
}

template <class T>
void RecTangents<T>::backward(const Pass<T>& pass, Matrix<const T> d_pooled, Share share, Barrier& barrier) {
    const Matrix<T> d = stack_.top_gradient();
    if (d.p != d_pooled.p) {
        barrier.wait();  // the caller's rows are other workers'
        stack_.backend_.copy(d, d_pooled, share.of(stack_.layout().rows), stack_.spec().top_width());
    }
    stack_.walk_back(pass, {.pooled = d, .dx = stack_.dx_, .tangents = &layers_, .bent = true}, share,
                     barrier);
}

template <class T>
void RecTangents<T>::weight_gradient(const Pass<T>& pass, Share share) {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        stack_.body_.stack()[l].tangent_weight_gradient(pass, stack_.layout(), below(l), layers_[l], share);
}

template class RecTangents<float>;
template class RecTangents<double>;

}  // namespace ds
