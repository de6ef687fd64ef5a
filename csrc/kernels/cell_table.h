// One step of a recurrent layer on the rows of a batch, as the layers see it: what stands between the two
// matrix products of the step. Upper layers see only this; the maths is in formulas/{rnn,lstm,gru}.h.
#pragma once
#include "core/types.h"

namespace ds {

enum class Cell : int { kRnnTanh, kRnnRelu, kRnnSigmoid, kGru, kLstm };
inline constexpr int kCellCount = 5;

struct CellShape {
    int gates;    // blocks of `units` columns in the gate matrices
    int extra;    // blocks of `units` columns that training keeps besides
    bool memory;  // has a second state, c
    bool split;   // the state's part of the pre-activation is kept apart, in `extra`, not added to the gates
};
constexpr CellShape cell_shape(Cell cell) {
    if (cell == Cell::kLstm) return {4, 2, true, false};
    if (cell == Cell::kGru) return {3, 3, false, true};
    return {1, 0, false, false};
}

// gates: in the pre-activations, out what the way back needs.
// extra: split: in the state's part with its bias, out what the way back needs; else out only.
// Without `keep` nothing goes back, and only the states and y are written.
// h, c: in the states before the step, out those after it. y: the new h once more, where the layer above reads.
template <class T>
struct CellForward {
    Index rows = 0, units = 0;
    T* gates = nullptr;
    Index ldg = 0;
    T* extra = nullptr;
    Index ldx = 0;
    T* h = nullptr;
    Index ldh = 0;
    T* c = nullptr;
    Index ldc = 0;
    T* y = nullptr;
    Index ldy = 0;
    bool keep = true;
};

// gates: in what forward left, out the gradient by the pre-activations. extra: the same, for the state's part if split.
// dh: in the gradient by the new h, out the part of that by the old h which does not pass the matrix product.
// dc: in the gradient by the new c, out that by the old.
// to_gates, to_extra: where the gradients go instead, and what forward left stays.
template <class T>
struct CellBackward {
    Index rows = 0, units = 0;
    T* gates = nullptr;
    Index ldg = 0;
    T* extra = nullptr;
    Index ldx = 0;
    T* dh = nullptr;
    Index ldh = 0;
    T* dc = nullptr;
    Index ldc = 0;
    T* to_gates = nullptr;
    Index ldtg = 0;
    T* to_extra = nullptr;
    Index ldtx = 0;
};

// Along a direction in which everything moves. gates, extra: what forward left.
// moved_gates: in the tangents of the pre-activations, out what bent needs. moved_extra: split: in those of the state's
// part, out what bent needs; else out only. h, c: in the tangents of the states before the step, out of those after it;
// y: that of the new h once more.
template <class T>
struct CellTangent {
    Index rows = 0, units = 0;
    const T* gates = nullptr;
    Index ldg = 0;
    const T* extra = nullptr;
    Index ldx = 0;
    T* moved_gates = nullptr;
    Index ldmg = 0;
    T* moved_extra = nullptr;
    Index ldmx = 0;
    T* h = nullptr;
    Index ldh = 0;
    T* c = nullptr;
    Index ldc = 0;
    T* y = nullptr;
    Index ldy = 0;
};

// backward, in place, of the step and its tangent together. eh, ec: the gradients by the tangents of the new states.
template <class T>
struct CellBent {
    CellBackward<T> back;
    const T* moved_gates = nullptr;
    Index ldmg = 0;
    const T* moved_extra = nullptr;
    Index ldmx = 0;
    const T* eh = nullptr;
    Index ldeh = 0;
    const T* ec = nullptr;
    Index ldec = 0;
};

template <class T>
struct CellKernels {
    void (*forward[kCellCount])(const CellForward<T>&) = {};
    void (*backward[kCellCount])(const CellBackward<T>&) = {};
    void (*tangent[kCellCount])(const CellTangent<T>&) = {};
    void (*bent[kCellCount])(const CellBent<T>&) = {};
};

}  // namespace ds
