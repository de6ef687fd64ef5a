// The cell kernels: a cell's formulas over rows of units, one register of units of all gates at a time.
// Masked vectors of the same code do the tails. A row's bits depend neither on the other rows nor on their
// number.
#pragma once
#include <type_traits>

#include "formulas/gru.h"
#include "formulas/lstm.h"
#include "formulas/rnn.h"
#include "kernels/recurrent/cell_table.h"

DS_ISA_BEGIN

// kBlocks blocks of `units` columns of one row, read and written one register at a time.
template <class T, int kBlocks, bool kTail>
struct Blocks {
    T* p;
    Index units, n;

    // Of row `row`, from column j of each block on. A cell without these blocks gets a null view.
    DS_INLINE Blocks(const Matrix<T>& m, Index row, Index j, Index width)
        : p(kBlocks > 0 ? m.p + row * m.ld + j : nullptr), units(width), n(width - j) {}
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
    const Index units = a.h.cols;
    const Blocks<T, C::kGates, kTail> gates(a.gates, row, j, units);
    const Blocks<T, C::kSaved, kTail> saved(a.saved, row, j, units);
    const Blocks<T, 1, kTail> hidden(a.h, row, j, units), y(a.y, row, j, units);
    const Blocks<T, C::kHasCellState, kTail> cell(a.c, row, j, units);
    Vec<T> g[C::kGates], s[C::kSaved + 1], h, c;
    gates.read(g);
    hidden.read(&h);
    if (C::kSeparateProduct) saved.read(s);
    if (C::kHasCellState) cell.read(&c);
    h = C::forward(g, s, h, c);
    hidden.write(&h);
    y.write(&h);
    if (C::kHasCellState) cell.write(&c);
    if (!a.keep) return;
    gates.write(g);
    saved.write(s);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_backward_lanes(const CellBackward<T>& a, Index row, Index j) {
    const Index units = a.dh.cols;
    const Blocks<T, C::kGates, kTail> gates(a.gates, row, j, units);
    const Blocks<T, C::kSaved, kTail> saved(a.saved, row, j, units);
    const Blocks<T, 1, kTail> hidden(a.dh, row, j, units);
    const Blocks<T, C::kHasCellState, kTail> cell(a.dc, row, j, units);
    Vec<T> g[C::kGates], s[C::kSaved + 1], dh, dc;
    gates.read(g);
    saved.read(s);
    hidden.read(&dh);
    if (C::kHasCellState) cell.read(&dc);
    dh = C::backward(g, s, dh, dc);
    if (!a.dgates) {
        gates.write(g);
        if (C::kSeparateProduct) saved.write(s);
    } else {
        const Blocks<T, C::kGates, kTail> dgates(a.dgates, row, j, units);
        const Blocks<T, C::kSaved, kTail> dsaved(a.dsaved, row, j, units);
        dgates.write(g);
        if (C::kSeparateProduct) dsaved.write(s);
    }
    hidden.write(&dh);
    if (C::kHasCellState) cell.write(&dc);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_tangent_lanes(const CellTangent<T>& a, Index row, Index j) {
    const Index units = a.h_dot.cols;
    const Blocks<const T, C::kGates, kTail> gates(a.gates, row, j, units);
    const Blocks<const T, C::kSaved, kTail> saved(a.saved, row, j, units);
    const Blocks<T, C::kGates, kTail> gates_dot(a.gates_dot, row, j, units);
    const Blocks<T, C::kSaved, kTail> saved_dot(a.saved_dot, row, j, units);
    const Blocks<T, 1, kTail> hidden(a.h_dot, row, j, units), y(a.y_dot, row, j, units);
    const Blocks<T, C::kHasCellState, kTail> cell(a.c_dot, row, j, units);
    Vec<T> g[C::kGates], s[C::kSaved + 1], g_dot[C::kGates], s_dot[C::kSaved + 1], h_dot, c_dot;
    gates.read(g);
    saved.read(s);
    gates_dot.read(g_dot);
    if (C::kSeparateProduct) saved_dot.read(s_dot);
    hidden.read(&h_dot);
    if (C::kHasCellState) cell.read(&c_dot);
    h_dot = C::tangent(g, s, g_dot, s_dot, h_dot, c_dot);
    gates_dot.write(g_dot);
    saved_dot.write(s_dot);
    hidden.write(&h_dot);
    y.write(&h_dot);
    if (C::kHasCellState) cell.write(&c_dot);
}

template <class T, class C, bool kTail>
DS_INLINE void cell_double_backward_lanes(const CellDoubleBackward<T>& a, Index row, Index j) {
    const CellBackward<T>& b = a.backward;
    const Index units = b.dh.cols;
    const Blocks<T, C::kGates, kTail> gates(b.gates, row, j, units);
    const Blocks<T, C::kSaved, kTail> saved(b.saved, row, j, units);
    const Blocks<const T, C::kGates, kTail> gates_dot(a.gates_dot, row, j, units);
    const Blocks<const T, C::kSaved, kTail> saved_dot(a.saved_dot, row, j, units);
    const Blocks<T, 1, kTail> hidden(b.dh, row, j, units);
    const Blocks<T, C::kHasCellState, kTail> cell(b.dc, row, j, units);
    const Blocks<const T, 1, kTail> dh_dots(a.dh_dot, row, j, units);
    const Blocks<const T, C::kHasCellState, kTail> dc_dots(a.dc_dot, row, j, units);
    Vec<T> g[C::kGates], s[C::kSaved + 1], g_dot[C::kGates], s_dot[C::kSaved + 1], dh, dc, dh_dot, dc_dot;
    gates.read(g);
    saved.read(s);
    gates_dot.read(g_dot);
    saved_dot.read(s_dot);
    hidden.read(&dh);
    dh_dots.read(&dh_dot);
    if (C::kHasCellState) cell.read(&dc), dc_dots.read(&dc_dot);
    dh = C::double_backward(g, s, g_dot, s_dot, dh, dc, dh_dot, dc_dot);
    gates.write(g);
    if (C::kSeparateProduct) saved.write(s);
    hidden.write(&dh);
    if (C::kHasCellState) cell.write(&dc);
}

// Runs lanes(tail, row, j) on each register of the rows of m; a row's last one may be a tail.
template <class T, class Lanes>
DS_INLINE void for_each_register(const Matrix<T>& m, const Lanes& lanes) {
    constexpr Index W = Vec<T>::W;
    for (Index row = 0; row < m.rows; ++row) {
        Index j = 0;
        for (; j + W <= m.cols; j += W) lanes(std::false_type(), row, j);
        if (j < m.cols) lanes(std::true_type(), row, j);
    }
}

template <class T, class C>
DS_KERNEL void cell_forward(const CellForward<T>& a) {
    for_each_register(
        a.h, [&a](auto tail, Index row, Index j) DS_LAMBDA { cell_forward_lanes<T, C, tail>(a, row, j); });
}

template <class T, class C>
DS_KERNEL void cell_backward(const CellBackward<T>& a) {
    for_each_register(
        a.dh, [&a](auto tail, Index row, Index j) DS_LAMBDA { cell_backward_lanes<T, C, tail>(a, row, j); });
}

template <class T, class C>
DS_KERNEL void cell_tangent(const CellTangent<T>& a) {
    for_each_register(a.h_dot, [&a](auto tail, Index row, Index j)
                                   DS_LAMBDA { cell_tangent_lanes<T, C, tail>(a, row, j); });
}

template <class T, class C>
DS_KERNEL void cell_double_backward(const CellDoubleBackward<T>& a) {
    for_each_register(a.backward.dh, [&a](auto tail, Index row, Index j)
                                         DS_LAMBDA { cell_double_backward_lanes<T, C, tail>(a, row, j); });
}

// Every cell, in the order of enum Cell.
template <template <class...> class Table>
using ForEachCell = Table<RnnCell<Tanh>, RnnCell<Relu>, RnnCell<Sigmoid>, GruCell, LstmCell>;

template <class T>
struct CellTable {
    template <class... C>
    struct Of {
        static constexpr CellKernels<T> kKernels = {{cell_forward<T, C>...},
                                                    {cell_backward<T, C>...},
                                                    {cell_tangent<T, C>...},
                                                    {cell_double_backward<T, C>...}};
    };
};

template <class T>
constexpr CellKernels<T> cell_kernels() {
    return ForEachCell<CellTable<T>::template Of>::kKernels;
}

DS_ISA_END
