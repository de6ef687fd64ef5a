// Gradients of input gradients through a recurrent stack: train/tangents.h, step by step (docs/gen-sequences.md has the
// derivation). Over one stack of numbered sequences, one output a sequence; its forward pass comes first. Then
//   slopes     down   e, the gradient of a sum of scores by every pre-activation, and g by the inputs
//   tangents   up     those of all outputs, from v in the inputs' place
//   backward   down   d of the stack, the loss's and what the tangents add
// and the stack's weight_gradient, and weight_gradient. Called by each worker for its share.
#pragma once
#include <vector>

#include "train/rec_stack.h"

namespace ds {

template <class T>
class RecTangents {
public:
    explicit RecTangents(RecStack<T>& stack);

    // Once the stack is planned and carved; scratch is the stack's.
    void carve(Carver& carver);

    // From e by the pooled features, by place.
    void slopes(const Pass<T>& pass, Matrix<const T> e_pooled, Share share, Barrier& barrier);
    Matrix<T> slopes() const { return g_; }  // packed; a worker's share.of(layout().total) is ready with it

    Matrix<T> inputs() const { return v_; }  // packed; each worker writes its share of v here
    void tangents(const Pass<T>& pass, Share share, Barrier& barrier);
    Matrix<T> pooled() const { return dropped_.back() ? dropped_.back() : pooled_; }  // by place

    // From d by the pooled features, by place; leaves the gradient by the inputs in the stack's dx().
    void backward(const Pass<T>& pass, Matrix<const T> d_pooled, Share share, Barrier& barrier);
    // What the tangents add to the weights' gradients: ẋᵀe. Nothing for biases.
    void weight_gradient(const Pass<T>& pass, Share share);

private:
    RecurrentBelow<T> below(std::size_t l) const;
    void drop(const Pass<T>& pass, std::size_t l, Range rows);

    RecStack<T>& stack_;
    std::vector<RecurrentTangent<T>> layers_;
    std::vector<Matrix<T>> dropped_;  // as the stack's
    Matrix<T> v_, g_, pooled_, pooled_e_;
};

}  // namespace ds
