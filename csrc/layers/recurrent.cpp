#include "layers/recurrent.h"

#include <algorithm>

namespace ds {

template <class T>
void Recurrent<T>::project(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                           Range packed) const {
    if (packed.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const Matrix<T> gates = tape.direction[d].gates;
        const T* b = bias(pass, w.bias_ih);
        if (!below.tokens) {
            const LinearForward<T> op{.plan = &tape.input,
                                      .y = gates,
                                      .x = below.x,
                                      .w = pass.params + w.ih,
                                      .ldw = ih_ld_,
                                      .bias = b};
            pass.backend->linear_forward(op, packed, pass.scratch);
        } else {
            pass.backend->gather(gates, {pass.params + w.ih, ih_ld_}, below.tokens, packed, columns());
            if (b) pass.backend->add(gates, {b, 0}, packed, columns());
        }
        if (spec_.layer_norm) w.norm_ih.forward(pass, tape.direction[d].norm_ih, gates, packed);
    }
}

// The states that the first steps start from go where `before` looks for them.
template <class T>
void Recurrent<T>::enter(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Index d,
                         Range own, bool training) const {
    DirectionTape<T>& mine = tape.direction[d];
    if (!training) return;
    if (mine.mask) {
        const auto stream = static_cast<std::uint32_t>(128 + 2 * layer_ + d);
        pass.backend->dropout_mask(mine.mask, spec_.recurrent_dropout,
                                   {pass.seed, pass.epoch, pass.step, stream}, own, spec_.units);
    }
    if (mine.before) return;
    const Index border = d == 0 ? -layout.rows : layout.total;
    const Matrix<T> y = half(tape.y, d);
    pass.backend->copy({y.p + border * y.ld, y.ld}, half(tape.h, d), own, spec_.units);
}

// What W_hh multiplied, by packed row: with sequences of one length y itself, a step earlier (later, backwards).
template <class T>
Matrix<const T> Recurrent<T>::before(const SequenceLayout& layout, const RecurrentTape<T>& tape,
                                     Index d) const {
    if (tape.direction[d].before) return tape.direction[d].before;
    const Matrix<T> y = half(tape.y, d);
    return {y.p + (d == 0 ? -layout.rows : layout.rows) * y.ld, y.ld};
}

template <class T>
void Recurrent<T>::direction_forward(const Pass<T>& pass, const SequenceLayout& layout,
                                     RecurrentTape<T>& tape, Index d, Range own, bool training,
                                     const Halt& halt) const {
    DirectionTape<T>& mine = tape.direction[d];
    const Weights& w = weights_[d];
    const Matrix<T> h = half(tape.h, d), y = half(tape.y, d);
    const bool keeps_before = training && mine.before;
    const bool added = !shape_.split && spec_.layer_norm;  // to the gates, once it is normalised
    const Matrix<T> sums = added ? mine.norm_hh.raw : state_part(mine);
    LinearForward<T> product{.plan = &tape.step,
                             .w = mine.packed ? mine.packed : pass.params + w.hh,
                             .ldw = hh_ld_,
                             .bias = bias(pass, w.bias_hh),
                             .accumulate = !shape_.split && !added};
    CellForward<T> cell{.units = spec_.units,
                        .ldg = mine.gates.ld,
                        .ldx = mine.extra.ld,
                        .h = h.row(own.begin),
                        .ldh = h.ld,
                        .c = shape_.memory ? mine.c.row(own.begin) : nullptr,
                        .ldc = mine.c.ld,
                        .ldy = y.ld,
                        .keep = training};
    for (Index s = 0; s < layout.steps && !halt.asked(); ++s) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range at = layout.at(t, own);
        if (at.empty()) continue;
        const Range rows{0, at.size()};
        product.x = {h.row(own.begin), h.ld};
        product.zeros = tape.fresh && s == 0;
        if (keeps_before) {
            const Matrix<T> to{mine.before.row(at.begin), mine.before.ld};
            if (mine.mask)
                pass.backend->multiply(to, product.x, {mine.mask.row(own.begin), mine.mask.ld}, rows,
                                       spec_.units);
            else
                pass.backend->copy(to, product.x, rows, spec_.units);
            product.x = to;
        }
        product.y = {sums.row(at.begin), sums.ld};
        pass.backend->linear_forward(product, rows, pass.scratch);
        if (spec_.layer_norm) w.norm_hh.forward(pass, mine.norm_hh, sums, at);
        if (added) pass.backend->add(mine.gates, sums, at, columns());
        cell.rows = rows.end;
        cell.gates = mine.gates.row(at.begin);
        if (mine.extra) cell.extra = mine.extra.row(at.begin);
        cell.y = y.row(at.begin);
        pass.backend->cell_forward(spec_.cell, cell);
    }
}

template <class T>
void Recurrent<T>::forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                           Range own, bool training, const Halt& halt) const {
    if (own.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        enter(pass, layout, tape, d, own, training);
        direction_forward(pass, layout, tape, d, own, training, halt);
    }
}

template <class T>
void Recurrent<T>::direction_backward(const Pass<T>& pass, const SequenceLayout& layout,
                                      RecurrentTape<T>& tape, Index d, bool each, Range own,
                                      const Halt& halt) const {
    DirectionTape<T>& mine = tape.direction[d];
    const Weights& w = weights_[d];
    const Matrix<T> dh = half(tape.dh, d), dy = half(tape.dy, d), sums = state_sums(mine);
    const Matrix<T> to{dh.row(own.begin), dh.ld};
    LinearBackwardInput<T> product{.plan = &tape.step_back,
                                   .dx = to,
                                   .w = mine.packed_back ? mine.packed_back : pass.copies + w.hh_back,
                                   .ldw = hh_back_ld_,
                                   .accumulate = shape_.split};
    if (mine.mask) {
        product.dx = {mine.back.row(own.begin), mine.back.ld};
        product.accumulate = false;
    }
    CellBackward<T> cell{.units = spec_.units,
                         .ldg = mine.gates.ld,
                         .ldx = mine.extra.ld,
                         .dh = to.p,
                         .ldh = to.ld,
                         .dc = shape_.memory ? mine.dc.row(own.begin) : nullptr,
                         .ldc = mine.dc.ld};
    for (Index s = layout.steps; s-- > 0 && !halt.asked();) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range at = layout.at(t, own);
        if (at.empty()) continue;
        const Range rows{0, at.size()};
        if (each) pass.backend->add(to, {dy.row(at.begin), dy.ld}, rows, spec_.units);
        cell.rows = rows.end;
        cell.gates = mine.gates.row(at.begin);
        if (mine.extra) cell.extra = mine.extra.row(at.begin);
        pass.backend->cell_backward(spec_.cell, cell);
        if (spec_.layer_norm) {
            w.norm_ih.backward(pass, mine.norm_ih, mine.gates, at);
            w.norm_hh.backward(pass, mine.norm_hh, state_part(mine), at);
        }
        if (s == 0) break;  // nobody asks for the gradient by the states before
        product.dy = {sums.row(at.begin), sums.ld};
        pass.backend->linear_backward_input(product, rows, pass.scratch);
        if (!mine.mask) continue;
        pass.backend->multiply(product.dx, product.dx, {mine.mask.row(own.begin), mine.mask.ld}, rows,
                               spec_.units);
        pass.backend->add(to, product.dx, rows, spec_.units);
    }
}

template <class T>
void Recurrent<T>::backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                            bool each, Matrix<const T> last, Range own, const Halt& halt) const {
    if (own.empty()) return;
    for (Index row = own.begin; row < own.end; ++row) {
        if (last)
            std::copy_n(last.row(row), outputs(), tape.dh.row(row));
        else
            std::fill_n(tape.dh.row(row), outputs(), T(0));
    }
    for (Index d = 0; d < directions(); ++d) {
        if (shape_.memory)
            for (Index row = own.begin; row < own.end; ++row)
                std::fill_n(tape.direction[d].dc.row(row), spec_.units, T(0));
        direction_backward(pass, layout, tape, d, each, own, halt);
    }
}

template <class T>
void Recurrent<T>::input_gradient(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                                  Range packed) const {
    if (!below.dx || packed.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const bool stored = w.ih_back < 0;
        const LinearBackwardInput<T> op{.plan = &tape.input_back,
                                        .dx = below.dx,
                                        .dy = input_sums(tape.direction[d]),
                                        .w = stored ? pass.params + w.ih : pass.copies + w.ih_back,
                                        .ldw = stored ? ih_ld_ : ih_back_ld_,
                                        .accumulate = d > 0};
        pass.backend->linear_backward_input(op, packed, pass.scratch);
    }
}

template <class T>
void Recurrent<T>::weight_gradient(const Pass<T>& pass, const SequenceLayout& layout,
                                   const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                                   Share share) const {
    const Range cols = share.of(columns(), 16);
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const DirectionTape<T>& mine = tape.direction[d];
        const Matrix<T> input_d = input_sums(mine), state_d = state_sums(mine);
        LinearBackwardWeight<T> op{.plan = &tape.state_weight,
                                   .dw = {pass.grads + w.hh, hh_ld_},
                                   .x = before(layout, tape, d),
                                   .dy = state_d,
                                   .inputs = spec_.units,
                                   .outputs = columns(),
                                   .batch = layout.total};
        pass.backend->linear_backward_weight(op, share, pass.scratch);
        op.dw = {pass.grads + w.ih, ih_ld_};
        if (below.tokens) {
            for (Index i = 0; i < spec_.inputs && !cols.empty(); ++i)
                std::fill_n(op.dw.row(i) + cols.begin, cols.size(), T(0));
            if (!cols.empty()) pass.backend->scatter_add(op.dw, input_d, below.tokens, layout.total, cols);
        } else {
            op.plan = &tape.input_weight;
            op.x = below.x;
            op.dy = input_d;
            op.inputs = spec_.inputs;
            pass.backend->linear_backward_weight(op, share, pass.scratch);
        }
        row_gradients(pass, w, mine, layout.total, cols);
    }
}

// Of the biases and the normalisations' gains, which are one row each.
template <class T>
void Recurrent<T>::row_gradients(const Pass<T>& pass, const Weights& w, const DirectionTape<T>& tape,
                                 Index total, Range cols) const {
    if (cols.empty()) return;
    if (spec_.layer_norm) {
        w.norm_ih.weight_gradient(pass, tape.norm_ih, tape.gates, total, cols);
        w.norm_hh.weight_gradient(pass, tape.norm_hh, state_part(tape), total, cols);
        return;
    }
    if (w.bias_ih < 0) return;
    pass.backend->column_sums(pass.grads + w.bias_ih, tape.gates, total, cols);
    if (shape_.split)
        pass.backend->column_sums(pass.grads + w.bias_hh, tape.extra, total, cols);
    else  // the two biases are added to each other
        std::copy_n(pass.grads + w.bias_ih + cols.begin, cols.size(), pass.grads + w.bias_hh + cols.begin);
}

template class Recurrent<float>;
template class Recurrent<double>;

}  // namespace ds
