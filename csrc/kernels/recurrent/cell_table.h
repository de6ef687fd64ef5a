// The interface of the cell kernels: one step of a recurrent layer on the rows of a batch, between the step's
// two matrix products. Upper layers include only this file; the formulas are in formulas/{rnn,lstm,gru}.h.
#pragma once
#include "core/view.h"

namespace ds {

enum class Cell : int { kRnnTanh, kRnnRelu, kRnnSigmoid, kGru, kLstm };
inline constexpr int kCellCount = 5;

struct CellShape {
    int gates;            // blocks of `units` columns in the gate matrices
    int saved;            // blocks of `units` columns that training keeps besides the gates
    bool has_cell_state;  // has a second state, c
    bool
        separate_product;  // the state's part of the pre-activations lies in `saved`; it is not added to the gates
};
constexpr CellShape cell_shape(Cell cell) {
    if (cell == Cell::kLstm) return {4, 2, true, false};
    if (cell == Cell::kGru) return {3, 3, false, true};
    return {1, 0, false, false};
}

// gates: in the pre-activations, out what backward needs.
// saved: with a separate product in the state's part with its bias; out what backward needs.
// h, c: in the states before the step, out the states after it. y: a second copy of the new h, for the layer
// above. keep = false is inference: only h, c and y are written.
template <class T>
struct CellForward {
    Matrix<T> gates, saved, h, c, y;
    bool keep = true;
};

// gates, saved: in what forward wrote, out the gradients with respect to the pre-activations (saved: only
// with a separate product).
// dh: in the gradient with respect to the new h, out its part with respect to the old h that bypasses the
// matrix product.
// dc: in the gradient with respect to the new c, out that with respect to the old c.
// dgates, dsaved: if not null, the gradients go there, and gates and saved stay unchanged.
template <class T>
struct CellBackward {
    Matrix<T> gates, saved, dh, dc, dgates, dsaved;
};

// The forward-mode tangent of a step. gates, saved: what forward wrote.
// gates_dot: in the tangents of the pre-activations, out what double_backward needs.
// saved_dot: with a separate product in the tangents of the state's part; out what double_backward needs.
// h_dot, c_dot: in the tangents of the states before the step, out those after it. y_dot: a second copy of
// h_dot.
template <class T>
struct CellTangent {
    Matrix<const T> gates, saved;
    Matrix<T> gates_dot, saved_dot, h_dot, c_dot, y_dot;
};

// The backward pass, in place, of the step together with its tangent. dh_dot, dc_dot: the gradients with
// respect to the tangents of the new states.
template <class T>
struct CellDoubleBackward {
    CellBackward<T> backward;
    Matrix<const T> gates_dot, saved_dot, dh_dot, dc_dot;
};

template <class T>
struct CellKernels {
    void (*forward[kCellCount])(const CellForward<T>&) = {};
    void (*backward[kCellCount])(const CellBackward<T>&) = {};
    void (*tangent[kCellCount])(const CellTangent<T>&) = {};
    void (*double_backward[kCellCount])(const CellDoubleBackward<T>&) = {};
};

}  // namespace ds
