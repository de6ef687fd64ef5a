#include "layers/recurrent.h"

#include <algorithm>

namespace ds {
namespace {

constexpr Index kGradientBytes = Index(1) << 19;  // of the gradients by pre-activations that are read again

}  // namespace

template <class T>
void Recurrent<T>::sums(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                        const RecurrentTape<T>* values, Range packed) const {
    if (packed.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const Matrix<T> gates = tape.direction[d].gates;
        const T* b = values ? nullptr : bias(pass, w.bias_ih);
        if (!below.tokens) {
            const LinearForward<T> op{.plan = &tape.input,
                                      .y = gates,
                                      .x = below.x,
                                      .w = pass.params + w.ih,
                                      .ldw = ih_ld_,
                                      .bias = b,
                                      .share = pass.products()};
            pass.backend->linear_forward(op, packed, pass.worker);
        } else if (pass.products().worker == 0) {
            pass.backend->gather(gates, {pass.params + w.ih, ih_ld_}, below.tokens, packed, columns());
            if (b) pass.backend->add(gates, {b, 0}, packed, columns());
        }
        if (!spec_.layer_norm || !pass.goes_on()) continue;
        if (values)
            w.norm_ih.tangent(pass, values->direction[d].norm_ih, tape.direction[d].norm_ih, gates, packed);
        else
            w.norm_ih.forward(pass, tape.direction[d].norm_ih, gates, packed);
    }
}

template <class T>
void Recurrent<T>::project(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                           Range packed) const {
    sums(pass, below, tape, nullptr, packed);
}

template <class T>
void Recurrent<T>::draw_mask(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range own) const {
    const RandomKey key{pass.seed, pass.epoch, pass.step,
                        static_cast<std::uint32_t>(spec_.philox + 128 + 2 * layer_ + d)};
    const Matrix<T> mask = tape.direction[d].mask;
    const double rate = spec_.recurrent_dropout;
    if (!tape.number) return pass.backend->dropout_mask(mask, rate, key, own, spec_.units);
    for (Index row = own.begin; row < own.end; ++row)
        pass.backend->dropout_mask(mask, rate, key, {row, row + 1}, spec_.units, tape.number[row] - row);
}

template <class T>
void Recurrent<T>::enter(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Index d,
                         Range own) const {
    if (tape.direction[d].before) return;
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
void Recurrent<T>::cell_forward(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range own,
                                Range at, bool keep) const {
    const DirectionTape<T>& mine = tape.direction[d];
    const Matrix<T> h = half(tape.h, d), y = half(tape.y, d);
    pass.backend->cell_forward(spec_.cell, {.rows = at.size(),
                                            .units = spec_.units,
                                            .gates = mine.gates.row(at.begin),
                                            .ldg = mine.gates.ld,
                                            .extra = mine.extra ? mine.extra.row(at.begin) : nullptr,
                                            .ldx = mine.extra.ld,
                                            .h = h.row(own.begin),
                                            .ldh = h.ld,
                                            .c = shape_.memory ? mine.c.row(own.begin) : nullptr,
                                            .ldc = mine.c.ld,
                                            .y = y.row(at.begin),
                                            .ldy = y.ld,
                                            .keep = keep});
}

template <class T>
LinearForward<T> Recurrent<T>::state_product(const Pass<T>& pass, const RecurrentTape<T>& tape,
                                             Index d) const {
    const DirectionTape<T>& mine = tape.direction[d];
    const bool raw = !shape_.split && spec_.layer_norm;
    return {.plan = &tape.step,
            .y = raw ? mine.norm_hh.raw : state_part(mine),
            .w = mine.packed ? mine.packed : pass.params + weights_[d].hh,
            .ldw = hh_ld_,
            .bias = bias(pass, weights_[d].bias_hh),
            .accumulate = adds_to_gates(),
            .share = pass.products()};
}

template <class T>
void Recurrent<T>::states_first(const Pass<T>& pass, RecurrentTape<T>& tape, Range own) const {
    const bool waits = adds_to_gates();
    tape.states_first = !waits || tape.direction[0].ahead;
    for (Index d = 0; tape.states_first && d < directions(); ++d) {
        LinearForward<T> product = state_product(pass, tape, d);
        product.x = half(tape.h, d);
        if (waits) product.y = tape.direction[d].ahead, product.bias = nullptr, product.accumulate = false;
        pass.backend->linear_forward(product, own, pass.worker);
    }
}

template <class T>
void Recurrent<T>::add_ahead(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range at) const {
    const DirectionTape<T>& mine = tape.direction[d];
    pass.backend->add(mine.gates, mine.ahead, at, columns());
    if (const T* b = bias(pass, weights_[d].bias_hh)) pass.backend->add(mine.gates, {b, 0}, at, columns());
}

template <class T>
void Recurrent<T>::direction_forward(const Pass<T>& pass, const SequenceLayout& layout,
                                     RecurrentTape<T>& tape, const RecurrentTape<T>* values, Index d,
                                     const Walk& walk) const {
    DirectionTape<T>& mine = tape.direction[d];
    const Weights& w = weights_[d];
    const Range own = walk.own;
    const Matrix<T> h = half(tape.h, d);
    const bool keeps_before = walk.training && mine.before;
    const bool added = !shape_.split && spec_.layer_norm;  // to the gates, once it is normalised
    LinearForward<T> product = state_product(pass, tape, d);
    const Matrix<T> sums = product.y;
    if (values) product.bias = nullptr;
    const Index end = std::min(walk.steps.end, layout.steps);
    for (Index s = walk.steps.begin; s < end && !pass.worker.halted(); ++s) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range at = layout.at(t, own);
        if (at.empty()) continue;
        if (pass.together && s > walk.steps.begin) pass.together->barrier.wait();  // for the states before
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
        if (!tape.states_first)
            pass.backend->linear_forward(product, rows, pass.worker);
        else if (mine.ahead)
            add_ahead(pass, tape, d, at);
        if (!pass.goes_on()) continue;
        if (spec_.layer_norm && values)
            w.norm_hh.tangent(pass, values->direction[d].norm_hh, mine.norm_hh, sums, at);
        else if (spec_.layer_norm)
            w.norm_hh.forward(pass, mine.norm_hh, sums, at);
        if (added) pass.backend->add(mine.gates, sums, at, columns());
        if (values)
            cell_tangent(pass, tape, *values, d, own, at);
        else
            cell_forward(pass, tape, d, own, at, walk.training);
    }
}

template <class T>
void Recurrent<T>::forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                           Range own, bool training, Range steps) const {
    if (own.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        if (training && steps.begin == 0) {
            if (tape.direction[d].mask) draw_mask(pass, tape, d, own);
            enter(pass, layout, tape, d, own);
        }
        direction_forward(pass, layout, tape, nullptr, d, {own, steps, training});
    }
}

// The cell's part of a step back: to where `back` says.
template <class T>
void Recurrent<T>::cell_backward(const Pass<T>& pass, const RecurrentTape<T>& tape,
                                 const RecurrentBack<T>& back, Index d, Range own, Range at) const {
    const DirectionTape<T>& mine = tape.direction[d];
    const Matrix<T> dh = half(tape.dh, d);
    const auto row = [at](Matrix<T> m) { return m ? m.row(at.begin) : nullptr; };
    CellBackward<T> cell{.rows = at.size(),
                         .units = spec_.units,
                         .gates = mine.gates.row(at.begin),
                         .ldg = mine.gates.ld,
                         .extra = row(mine.extra),
                         .ldx = mine.extra.ld,
                         .dh = dh.row(own.begin),
                         .ldh = dh.ld,
                         .dc = shape_.memory ? mine.dc.row(own.begin) : nullptr,
                         .ldc = mine.dc.ld};
    if (!back.tangent) return pass.backend->cell_backward(spec_.cell, cell);
    const RecurrentTangent<T>& tangent = *back.tangent;
    const Matrix<T> by_h = tangent.by_h[d], by_c = tangent.by_c[d];
    if (back.bent) {
        const DirectionTape<T>& moved = tangent.moved.direction[d];
        return pass.backend->cell_bent(spec_.cell, {.back = cell,
                                                    .moved_gates = moved.gates.row(at.begin),
                                                    .ldmg = moved.gates.ld,
                                                    .moved_extra = row(moved.extra),
                                                    .ldmx = moved.extra.ld,
                                                    .eh = by_h.row(at.begin),
                                                    .ldeh = by_h.ld,
                                                    .ec = row(by_c),
                                                    .ldec = by_c.ld});
    }
    const DirectionTape<T>& by = tangent.by.direction[d];
    const Range rows{0, at.size()};
    pass.backend->copy({by_h.row(at.begin), by_h.ld}, {cell.dh, cell.ldh}, rows, spec_.units);
    if (by_c) pass.backend->copy({by_c.row(at.begin), by_c.ld}, {cell.dc, cell.ldc}, rows, spec_.units);
    cell.to_gates = by.gates.row(at.begin);
    cell.ldtg = by.gates.ld;
    cell.to_extra = row(by.extra);
    cell.ldtx = by.extra.ld;
    pass.backend->cell_backward(spec_.cell, cell);
}

template <class T>
void Recurrent<T>::direction_backward(const Pass<T>& pass, const SequenceLayout& layout,
                                      RecurrentTape<T>& tape, const RecurrentBack<T>& back, Index d,
                                      Range own) const {
    const bool beside = back.tangent && !back.bent;
    const DirectionTape<T>& mine = tape.direction[d];
    const DirectionTape<T>& found = beside ? back.tangent->by.direction[d] : mine;
    const Weights& w = weights_[d];
    const Matrix<T> dh = half(tape.dh, d), dy = half(tape.dy, d), sums = state_sums(found);
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
    for (Index s = std::min(back.steps.end, layout.steps); s-- > back.steps.begin && !pass.worker.halted();) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range at = layout.at(t, own);
        if (at.empty()) continue;
        const Range rows{0, at.size()};
        if (back.each) pass.backend->add(to, {dy.row(at.begin), dy.ld}, rows, spec_.units);
        cell_backward(pass, tape, back, d, own, at);
        if (spec_.layer_norm && back.bent) {
            const DirectionTape<T>&moved = back.tangent->moved.direction[d],
                  &by = back.tangent->by.direction[d];
            w.norm_ih.backward_bent(pass, mine.norm_ih, mine.gates, moved.norm_ih, by.gates, at);
            w.norm_hh.backward_bent(pass, mine.norm_hh, state_part(mine), moved.norm_hh, state_part(by), at);
        } else if (spec_.layer_norm) {
            w.norm_ih.backward(pass, found.norm_ih, found.gates, at);
            w.norm_hh.backward(pass, found.norm_hh, state_part(found), at);
        }
        if (s == 0) break;  // nobody asks for the gradient by the states before
        product.dy = {sums.row(at.begin), sums.ld};
        pass.backend->linear_backward_input(product, rows, pass.worker);
        if (!mine.mask) continue;
        pass.backend->multiply(product.dx, product.dx, {mine.mask.row(own.begin), mine.mask.ld}, rows,
                               spec_.units);
        pass.backend->add(to, product.dx, rows, spec_.units);
    }
}

template <class T>
void Recurrent<T>::backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                            const RecurrentBack<T>& back, Range own) const {
    if (own.empty()) return;
    const bool starts = back.steps.end >= layout.steps;
    for (Index row = own.begin; starts && row < own.end; ++row) {
        const Index from = tape.number ? tape.number[row] - back.first_number : row;
        if (back.last)
            std::copy_n(back.last.row(from), outputs(), tape.dh.row(row));
        else
            std::fill_n(tape.dh.row(row), outputs(), T(0));
    }
    for (Index d = 0; d < directions(); ++d) {
        for (Index row = own.begin; starts && shape_.memory && row < own.end; ++row)
            std::fill_n(tape.direction[d].dc.row(row), spec_.units, T(0));
        direction_backward(pass, layout, tape, back, d, own);
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
        pass.backend->linear_backward_input(op, packed, pass.worker);
    }
}

template <class T>
void Recurrent<T>::matrix_gradients(const Pass<T>& pass, const SequenceLayout& layout,
                                    const RecurrentBelow<T>& below, const RecurrentTape<T>& from,
                                    const RecurrentTape<T>& by, Index d, Range packed, Share share,
                                    bool accumulate) const {
    const Weights& w = weights_[d];
    const auto from_there = [packed](Matrix<const T> m) {
        return Matrix<const T>{m.row(packed.begin), m.ld};
    };
    LinearBackwardWeight<T> op{.plan = &by.state_weight,
                               .dw = {pass.grads + w.hh, hh_ld_},
                               .dy = from_there(state_sums(by.direction[d])),
                               .x = from_there(before(layout, from, d)),
                               .inputs = spec_.units,
                               .outputs = columns(),
                               .batch = packed.size(),
                               .accumulate = accumulate};
    pass.backend->linear_backward_weight(op, share, pass.worker);
    op.dw = {pass.grads + w.ih, ih_ld_};
    op.dy = from_there(input_sums(by.direction[d]));
    if (below.tokens) {
        const Range cols = share.of(columns(), 16);
        if (cols.empty()) return;
        for (Index i = 0; i < spec_.inputs && !accumulate; ++i)
            std::fill_n(op.dw.row(i) + cols.begin, cols.size(), T(0));
        pass.backend->scatter_add(op.dw, op.dy, below.tokens + packed.begin, packed.size(), cols);
    } else {
        op.plan = &by.input_weight;
        op.x = from_there(below.x);
        op.inputs = spec_.inputs;
        pass.backend->linear_backward_weight(op, share, pass.worker);
    }
}

// Rows whose gradients all sums over them have read before the next come: they are large beside the weights, and wait
// in the second-level cache meanwhile. Large weights had better wait there themselves.
template <class T>
Index Recurrent<T>::rows_at_once(Index total) const {
    const Index row = columns() * Index(sizeof(T));
    if ((spec_.inputs + spec_.units) * row > kGradientBytes) return std::max<Index>(total, 1);
    return std::max<Index>(kGradientBytes / (kSumChunk * row), 1) * kSumChunk;
}

template <class T>
void Recurrent<T>::weight_gradient(const Pass<T>& pass, const SequenceLayout& layout,
                                   const RecurrentBelow<T>& below, RecurrentTape<T>& tape, Share share,
                                   bool accumulate) const {
    const Range cols = share.of(columns(), 16);
    const Index piece = rows_at_once(layout.total);
    for (Index d = 0; d < directions(); ++d)
        for (Index row = 0; row < layout.total; row += piece) {
            const Range packed{row, std::min(row + piece, layout.total)};
            const bool adds = accumulate || row > 0;
            matrix_gradients(pass, layout, below, tape, tape, d, packed, share, adds);
            row_gradients(pass, weights_[d], tape.direction[d], packed, cols, adds);
        }
}

// Of the biases and the normalisations' gains, which are one row each.
template <class T>
void Recurrent<T>::row_gradients(const Pass<T>& pass, const Weights& w, const DirectionTape<T>& tape,
                                 Range packed, Range cols, bool accumulate) const {
    if (cols.empty()) return;
    if (spec_.layer_norm) {
        w.norm_ih.weight_gradient(pass, tape.norm_ih, tape.gates, packed, cols, accumulate);
        w.norm_hh.weight_gradient(pass, tape.norm_hh, state_part(tape), packed, cols, accumulate);
        return;
    }
    if (w.bias_ih < 0) return;
    pass.backend->column_sums(pass.grads + w.bias_ih, tape.gates, packed, cols, accumulate);
    if (shape_.split)
        pass.backend->column_sums(pass.grads + w.bias_hh, tape.extra, packed, cols, accumulate);
    else  // the two biases are added to each other
        std::copy_n(pass.grads + w.bias_ih + cols.begin, cols.size(), pass.grads + w.bias_hh + cols.begin);
}

template class Recurrent<float>;
template class Recurrent<double>;

}  // namespace ds
