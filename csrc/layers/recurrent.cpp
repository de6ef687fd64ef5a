#include "layers/recurrent.h"

#include <algorithm>

namespace ds {
namespace {

// Streams of the first values, behind those of the dense layers: one a gate, so that each is a matrix of its own.
constexpr Index kFirstStream = 4096;

}  // namespace

template <class T>
Recurrent<T>::Recurrent(ParameterTable& table, Index layer, const RecurrentSpec& spec)
    : spec_(spec), shape_(cell_shape(spec.cell)), layer_(layer) {
    for (Index d = 0; d < directions(); ++d) {
        Weights& w = weights_[d];
        const std::string end = "_l" + std::to_string(layer) + (d ? "_reverse" : "");
        const Index stream = kFirstStream + (layer * 2 + d) * 8;
        const Index ih =
            table.add("rnn.weight_ih" + end, ParameterKind::kWeight, stream, spec.inputs, columns());
        const Index hh =
            table.add("rnn.weight_hh" + end, ParameterKind::kWeight, stream + 4, spec.units, columns());
        if (!spec.first && spec.inputs * columns() <= kLargeWeight) table.keep_transposed(ih);
        if (!large()) table.keep_transposed(hh);
        w.ih = table[ih].offset;
        w.hh = table[hh].offset;
        w.ih_back = table[ih].transposed;
        w.hh_back = table[hh].transposed;
        ih_ld_ = table[ih].ld;
        hh_ld_ = table[hh].ld;
        ih_back_ld_ = table[ih].transposed_ld;
        hh_back_ld_ = table[hh].transposed_ld;
        const auto row = [&](const char* name, ParameterKind kind, Index of) {
            return table[table.add(name + end, kind, of, 1, columns())].offset;
        };
        if (spec.bias) {
            w.bias_ih = row("rnn.bias_ih", ParameterKind::kBias, stream);
            w.bias_hh = row("rnn.bias_hh", ParameterKind::kBias, stream + 4);
        }
        if (spec.layer_norm) {
            w.norm_ih = {row("rnn.norm_ih", ParameterKind::kNormWeight, stream), w.bias_ih, columns()};
            w.norm_hh = {row("rnn.norm_hh", ParameterKind::kNormWeight, stream + 4), w.bias_hh, columns()};
        }
    }
}

template <class T>
bool Recurrent<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    const Index place = p.layer - kFirstStream - layer_ * 16;
    if (place < 0 || place >= 8 * directions()) return false;
    const Index units = spec_.units;
    if (p.kind == ParameterKind::kNormWeight) return std::fill_n(values, p.cols, T(1)), true;
    if (p.kind == ParameterKind::kBias) {
        std::fill_n(values, p.cols, T(0));
        const bool forget = spec_.cell == Cell::kLstm && place % 8 == 0;
        if (forget) std::fill_n(values + units, units, T(1));
        return true;
    }
    const Init init = !spec_.standard_init ? spec_.init
                      : place % 8 == 0     ? Init::kGlorotUniform
                                           : Init::kOrthogonal;
    for (Index gate = 0; gate < shape_.gates; ++gate)
        init_weights(values + gate * units * p.rows, p.rows, units, init, 1.0, seed,
                     static_cast<std::uint32_t>(p.layer + gate));
    return true;
}

template <class T>
void Recurrent<T>::carve(Carver& carver, Index rows, Index total, bool ragged, bool training,
                         RecurrentTape<T>& tape) const {
    const auto matrix = [&carver](Index r, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(r, ld), ld};
    };
    const bool masked = training && spec_.recurrent_dropout > 0.0;
    tape.y = matrix(total + 2 * rows, outputs());
    if (tape.y) tape.y.p += rows * tape.y.ld;
    tape.h = matrix(rows, outputs());
    if (training) {
        tape.dy = matrix(total, outputs());
        tape.dh = matrix(rows, outputs());
    }
    for (Index d = 0; d < directions(); ++d) {
        DirectionTape<T>& own = tape.direction[d];
        own.gates = matrix(total, columns());
        if (shape_.split || (training && shape_.extra > 0))
            own.extra = matrix(total, shape_.extra * spec_.units);
        if (shape_.memory) own.c = matrix(rows, spec_.units);
        if (tape.step.shape().packed_b) own.packed = carver.take<T>(tape.step.packed_size(), 1);
        if (tape.step_back.shape().packed_b)
            own.packed_back = carver.take<T>(tape.step_back.packed_size(), 1);
        if (spec_.layer_norm) {
            weights_[d].norm_ih.carve(carver, total, training, own.norm_ih);
            weights_[d].norm_hh.carve(carver, total, training, own.norm_hh);
        }
        if (!training) continue;
        if (shape_.memory) own.dc = matrix(rows, spec_.units);
        if (ragged || masked) own.before = matrix(total, spec_.units);
        if (!masked) continue;
        own.mask = matrix(rows, spec_.units);
        own.back = matrix(rows, spec_.units);
    }
}

template <class T>
void Recurrent<T>::plan(const Backend<T>& backend, Index rows, Index total, bool training,
                        RecurrentTape<T>& tape) const {
    const Index inputs = spec_.inputs, units = spec_.units;
    if (!spec_.tokens) tape.input = backend.plan_forward(total, inputs, columns(), ih_ld_);
    const bool few_steps = total < 4 * rows;
    tape.step = large() && !few_steps ? backend.plan_packed(rows, units, columns(), false)
                                      : backend.plan_forward(rows, units, columns(), hh_ld_);
    if (!training) return;
    tape.step_back = large() ? backend.plan_packed(rows, columns(), units, true)
                             : backend.plan_backward_input(rows, units, columns(), hh_back_ld_, false);
    tape.state_weight = backend.plan_backward_weight(total, units, columns(), hh_ld_);
    if (spec_.tokens) return;
    tape.input_weight = backend.plan_backward_weight(total, inputs, columns(), ih_ld_);
    const bool stored = weights_[0].ih_back < 0;
    if (!spec_.first)
        tape.input_back =
            backend.plan_backward_input(total, inputs, columns(), stored ? ih_ld_ : ih_back_ld_, stored);
}

template <class T>
Index Recurrent<T>::scratch(const RecurrentTape<T>& tape) const {
    return std::max({tape.input.scratch(), tape.step.scratch(), tape.step_back.scratch(),
                     tape.input_back.scratch(), tape.input_weight.scratch(), tape.state_weight.scratch()});
}

template <class T>
void Recurrent<T>::pack(const Pass<T>& pass, RecurrentTape<T>& tape, Share share) const {
    int turn = 0;
    const auto mine = [&] { return turn++ % share.workers == share.worker; };
    for (Index d = 0; d < directions(); ++d) {
        const T* w = pass.params + weights_[d].hh;
        const DirectionTape<T>& t = tape.direction[d];
        if (t.packed && mine()) pass.backend->pack(tape.step, w, hh_ld_, t.packed);
        if (t.packed_back && mine()) pass.backend->pack(tape.step_back, w, hh_ld_, t.packed_back);
    }
}

template <class T>
void Recurrent<T>::clear_states(RecurrentTape<T>& tape, Range own) const {
    for (Index row = own.begin; row < own.end; ++row) {
        std::fill_n(tape.h.row(row), outputs(), T(0));
        if (!shape_.memory) continue;
        for (Index d = 0; d < directions(); ++d) std::fill_n(tape.direction[d].c.row(row), spec_.units, T(0));
    }
}

template <class T>
const T* Recurrent<T>::set_state(RecurrentTape<T>& tape, Index row, const T* from) const {
    std::copy_n(from, outputs(), tape.h.row(row));
    from += outputs();
    for (Index d = 0; shape_.memory && d < directions(); ++d, from += spec_.units)
        std::copy_n(from, spec_.units, tape.direction[d].c.row(row));
    return from;
}

template <class T>
T* Recurrent<T>::get_state(const RecurrentTape<T>& tape, Index row, T* to) const {
    to = std::copy_n(tape.h.row(row), outputs(), to);
    for (Index d = 0; shape_.memory && d < directions(); ++d)
        to = std::copy_n(tape.direction[d].c.row(row), spec_.units, to);
    return to;
}

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
