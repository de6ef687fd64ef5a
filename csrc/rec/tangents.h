// Double backward through a recurrent stack, for gradient penalties: gen/tangents.h, step by step
// (docs/design/gan-sequences.md derives it). The stack has numbered sequences and one output a sequence.
// After its forward pass come three passes, then the stack's weight_gradient and this one's. Each worker
// calls them for its share.
//   input_gradient    backward   e = ∂s/∂z of every layer, and g, the gradient with respect to the inputs
//   forward_tangents  forward    the tangents of all outputs, from ẋ = v
//   backward          backward   d of the stack: the loss's gradient plus the tangents' part
#pragma once
#include <vector>

#include "rec/stack.h"

namespace ds {

template <class T>
class RecTangents {
public:
    explicit RecTangents(RecStack<T>& stack);

    // Once the stack is planned and allocated; the scratchpad is the stack's.
    void allocate_buffers(ArenaPlanner& planner);

    // From e with respect to the pooled features, by place.
    void input_gradient(const ExecContext<T>& exec, Matrix<const T> e_pooled, Share share, Barrier& barrier);
    Matrix<T> input_gradient() const { return g_; }  // packed; ready in a worker's share.of(layout().total)

    Matrix<T> inputs() const { return v_; }  // packed; each worker writes its share of v here
    void forward_tangents(const ExecContext<T>& exec, Share share, Barrier& barrier);
    Matrix<T> pooled() const { return dropped_.back() ? dropped_.back() : pooled_; }  // by place

    // From d with respect to the pooled features, by place. The stack's dx() receives the gradient of the
    // inputs.
    void backward(const ExecContext<T>& exec, Matrix<const T> d_pooled, Share share, Barrier& barrier);
    // Adds the tangents' part ẋᵀe to the weight gradients; biases have none.
    void weight_gradient(const ExecContext<T>& exec, Share share);

private:
    RecurrentInput<T> layer_input(std::size_t l) const;
    void dropout_forward(const ExecContext<T>& exec, std::size_t l, Range rows);

    RecStack<T>& stack_;
    std::vector<RecurrentTangent<T>> layers_;
    std::vector<Matrix<T>> dropped_;  // as the stack's
    Matrix<T> v_, g_, pooled_, pooled_e_;
};

}  // namespace ds
