// The cells' formulas run over rows of units, all gates of sixteen units at a time; tails by masked vectors of
// the same code. Rows are independent of each other and of their number.
#pragma once
#include <type_traits>

#include "formulas/gru.h"
#include "formulas/lstm.h"
#include "formulas/rnn.h"
#include "kernels/cell_table.h"

DS_ISA_BEGIN

// Blocks of `units` columns of one row, read and written at the lanes of one register.
template <class T, int kBlocks, bool kTail>
struct Blocks {
    T* p;
    Index units, n;

    DS_INLINE void read(Vec<std::remove_const_t<T>>* v) const {
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; ++b) v[b] = kTail ? loadn(p + b * units, n) : load(p + b * units);
    }
    DS_INLINE void write(const Vec<T>* v) const {
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; ++b) {
            if (kTail)
                storen(p + b * units, v[b], n);
            else
                store(p + b * units, v[b]);
        }
    }
};

template <class T, class C, bool kTail>
DS_INLINE void cell_forward_lanes(const CellForward<T>& a, Index row, Index j) {
    const Index n = a.units - j;
    const Blocks<T, C::kGates, kTail> gates{a.gates + row * a.ldg + j, a.units, n};
    const Blocks<T, C::kExtra, kTail> extra{a.extra + row * a.ldx + j, a.units, n};
    const Blocks<T, 1, kTail> state{a.h + row * a.ldh + j, a.units, n}, y{a.y + row * a.ldy + j, a.units, n};
    const Blocks<T, 1, kTail> memory{C::kMemory ? a.c + row * a.ldc + j : nullptr, a.units, n};
    Vec<T> g[C::kGates], e[C::kExtra + 1], h, c;
    gates.read(g);
    state.read(&h);
    if (C::kSplit) extra.read(e);
    if (C::kMemory) memory.read(&c);
    h = C::forward(g, e, h, c);
    state.write(&h);
    y.write(&h);
    if (C::kMemory) memory.write(&c);
    if (!a.keep) return;
    gates.write(g);
    extra.write(e);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_backward_lanes(const CellBackward<T>& a, Index row, Index j) {
    const Index n = a.units - j;
    const Blocks<T, C::kGates, kTail> gates{a.gates + row * a.ldg + j, a.units, n};
    const Blocks<T, C::kExtra, kTail> extra{a.extra + row * a.ldx + j, a.units, n};
    const Blocks<T, 1, kTail> state{a.dh + row * a.ldh + j, a.units, n};
    const Blocks<T, 1, kTail> memory{C::kMemory ? a.dc + row * a.ldc + j : nullptr, a.units, n};
    Vec<T> g[C::kGates], e[C::kExtra + 1], dh, dc;
    gates.read(g);
    extra.read(e);
    state.read(&dh);
    if (C::kMemory) memory.read(&dc);
    dh = C::backward(g, e, dh, dc);
    if (a.to_gates == nullptr) {
        gates.write(g);
        if (C::kSplit) extra.write(e);
    } else {
        const Blocks<T, C::kGates, kTail> to_gates{a.to_gates + row * a.ldtg + j, a.units, n};
        const Blocks<T, C::kExtra, kTail> to_extra{a.to_extra + row * a.ldtx + j, a.units, n};
        to_gates.write(g);
        if (C::kSplit) to_extra.write(e);
    }
    state.write(&dh);
    if (C::kMemory) memory.write(&dc);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_tangent_lanes(const CellTangent<T>& a, Index row, Index j) {
    const Index n = a.units - j;
    const Blocks<const T, C::kGates, kTail> gates{a.gates + row * a.ldg + j, a.units, n};
    const Blocks<const T, C::kExtra, kTail> extra{a.extra + row * a.ldx + j, a.units, n};
    const Blocks<T, C::kGates, kTail> moved_gates{a.moved_gates + row * a.ldmg + j, a.units, n};
    const Blocks<T, C::kExtra, kTail> moved_extra{a.moved_extra + row * a.ldmx + j, a.units, n};
    const Blocks<T, 1, kTail> state{a.h + row * a.ldh + j, a.units, n}, y{a.y + row * a.ldy + j, a.units, n};
    const Blocks<T, 1, kTail> memory{C::kMemory ? a.c + row * a.ldc + j : nullptr, a.units, n};
    Vec<T> g[C::kGates], e[C::kExtra + 1], m[C::kGates], me[C::kExtra + 1], h, c;
    gates.read(g);
    extra.read(e);
    moved_gates.read(m);
    if (C::kSplit) moved_extra.read(me);
    state.read(&h);
    if (C::kMemory) memory.read(&c);
    h = C::tangent(g, e, m, me, h, c);
    moved_gates.write(m);
    moved_extra.write(me);
    state.write(&h);
    y.write(&h);
    if (C::kMemory) memory.write(&c);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_bent_lanes(const CellBent<T>& a, Index row, Index j) {
    const CellBackward<T>& b = a.back;
    const Index n = b.units - j;
    const Blocks<T, C::kGates, kTail> gates{b.gates + row * b.ldg + j, b.units, n};
    const Blocks<T, C::kExtra, kTail> extra{b.extra + row * b.ldx + j, b.units, n};
    const Blocks<const T, C::kGates, kTail> moved_gates{a.moved_gates + row * a.ldmg + j, b.units, n};
    const Blocks<const T, C::kExtra, kTail> moved_extra{a.moved_extra + row * a.ldmx + j, b.units, n};
    const Blocks<T, 1, kTail> state{b.dh + row * b.ldh + j, b.units, n};
    const Blocks<T, 1, kTail> memory{C::kMemory ? b.dc + row * b.ldc + j : nullptr, b.units, n};
    const Blocks<const T, 1, kTail> by_state{a.eh + row * a.ldeh + j, b.units, n};
    const Blocks<const T, 1, kTail> by_memory{C::kMemory ? a.ec + row * a.ldec + j : nullptr, b.units, n};
    Vec<T> g[C::kGates], e[C::kExtra + 1], m[C::kGates], me[C::kExtra + 1], dh, dc, eh, ec;
    gates.read(g);
    extra.read(e);
    moved_gates.read(m);
    moved_extra.read(me);
    state.read(&dh);
    by_state.read(&eh);
    if (C::kMemory) memory.read(&dc), by_memory.read(&ec);
    dh = C::bent(g, e, m, me, dh, dc, eh, ec);
    gates.write(g);
    if (C::kSplit) extra.write(e);
    state.write(&dh);
    if (C::kMemory) memory.write(&dc);
}

template <class T, class C>
void cell_forward(const CellForward<T>& a) {
    constexpr Index W = Vec<T>::W;
    for (Index row = 0; row < a.rows; ++row) {
        Index j = 0;
        for (; j + W <= a.units; j += W) cell_forward_lanes<T, C, false>(a, row, j);
        if (j < a.units) cell_forward_lanes<T, C, true>(a, row, j);
    }
}

template <class T, class C>
void cell_backward(const CellBackward<T>& a) {
    constexpr Index W = Vec<T>::W;
    for (Index row = 0; row < a.rows; ++row) {
        Index j = 0;
        for (; j + W <= a.units; j += W) cell_backward_lanes<T, C, false>(a, row, j);
        if (j < a.units) cell_backward_lanes<T, C, true>(a, row, j);
    }
}

template <class T, class C>
void cell_tangent(const CellTangent<T>& a) {
    constexpr Index W = Vec<T>::W;
    for (Index row = 0; row < a.rows; ++row) {
        Index j = 0;
        for (; j + W <= a.units; j += W) cell_tangent_lanes<T, C, false>(a, row, j);
        if (j < a.units) cell_tangent_lanes<T, C, true>(a, row, j);
    }
}

template <class T, class C>
void cell_bent(const CellBent<T>& a) {
    constexpr Index W = Vec<T>::W;
    const Index units = a.back.units;
    for (Index row = 0; row < a.back.rows; ++row) {
        Index j = 0;
        for (; j + W <= units; j += W) cell_bent_lanes<T, C, false>(a, row, j);
        if (j < units) cell_bent_lanes<T, C, true>(a, row, j);
    }
}

template <class T>
constexpr CellKernels<T> cell_kernels() {
    return {{cell_forward<T, RnnCell<Tanh>>, cell_forward<T, RnnCell<Relu>>,
             cell_forward<T, RnnCell<Sigmoid>>, cell_forward<T, GruCell>, cell_forward<T, LstmCell>},
            {cell_backward<T, RnnCell<Tanh>>, cell_backward<T, RnnCell<Relu>>,
             cell_backward<T, RnnCell<Sigmoid>>, cell_backward<T, GruCell>, cell_backward<T, LstmCell>},
            {cell_tangent<T, RnnCell<Tanh>>, cell_tangent<T, RnnCell<Relu>>,
             cell_tangent<T, RnnCell<Sigmoid>>, cell_tangent<T, GruCell>, cell_tangent<T, LstmCell>},
            {cell_bent<T, RnnCell<Tanh>>, cell_bent<T, RnnCell<Relu>>, cell_bent<T, RnnCell<Sigmoid>>,
             cell_bent<T, GruCell>, cell_bent<T, LstmCell>}};
}

DS_ISA_END
