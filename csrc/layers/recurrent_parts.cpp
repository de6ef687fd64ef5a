#include "layers/recurrent_parts.h"

#include <algorithm>

namespace ds {
namespace {

// Streams of the first values, behind those of the dense layers: one a gate, so that each is a matrix of its own.
constexpr Index kFirstStream = 4096;

}  // namespace

template <class T>
RecurrentParts<T>::RecurrentParts(ParameterTable& table, const std::string& prefix, Index layer,
                                  const RecurrentSpec& spec)
    : spec_(spec), shape_(cell_shape(spec.cell)), layer_(layer) {
    for (Index d = 0; d < directions(); ++d) {
        Weights& w = weights_[d];
        const std::string end = "_l" + std::to_string(layer) + (d ? "_reverse" : "");
        const std::string begin = prefix + "rnn.";
        const Index stream = spec.philox + kFirstStream + (layer * 2 + d) * 8;
        const Index ih =
            table.add(begin + "weight_ih" + end, ParameterKind::kWeight, stream, spec.inputs, columns());
        const Index hh =
            table.add(begin + "weight_hh" + end, ParameterKind::kWeight, stream + 4, spec.units, columns());
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
            return table[table.add(begin + name + end, kind, of, 1, columns())].offset;
        };
        if (spec.bias) {
            w.bias_ih = row("bias_ih", ParameterKind::kBias, stream);
            w.bias_hh = row("bias_hh", ParameterKind::kBias, stream + 4);
        }
        if (spec.layer_norm) {
            w.norm_ih = {row("norm_ih", ParameterKind::kNormWeight, stream), w.bias_ih, columns()};
            w.norm_hh = {row("norm_hh", ParameterKind::kNormWeight, stream + 4), w.bias_hh, columns()};
        }
    }
}

template <class T>
bool RecurrentParts<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    const Index place = p.layer - spec_.philox - kFirstStream - layer_ * 16;
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
void RecurrentParts<T>::carve(Carver& carver, Index rows, Index total, bool ragged, bool training,
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
        if (!training && total == rows && adds_to_gates() && spec_.units <= kSumChunk)
            own.ahead = matrix(rows, columns());
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
void RecurrentParts<T>::carve_tangent(Carver& carver, Index rows, Index total, const RecurrentTape<T>& tape,
                                      bool ragged, RecurrentTangent<T>& tangent) const {
    const auto matrix = [&carver](Index r, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(r, ld), ld};
    };
    // Masks, plans and packed weights are the batch's, and so is the room that the way back over the values does not
    // need yet.
    RecurrentTape<T>&moved = tangent.moved, &by = tangent.by;
    moved = by = tape;
    moved.fresh = true;
    moved.y = matrix(total + 2 * rows, outputs());
    if (moved.y) moved.y.p += rows * moved.y.ld;
    moved.h = matrix(rows, outputs());
    for (Index d = 0; d < directions(); ++d) {
        DirectionTape<T>&of_moved = moved.direction[d], &of_by = by.direction[d];
        of_moved.gates = matrix(total, columns());
        of_by.gates = matrix(total, columns());
        if (shape_.extra > 0) of_moved.extra = matrix(total, shape_.extra * spec_.units);
        if (shape_.split) of_by.extra = matrix(total, shape_.extra * spec_.units);
        if (ragged || spec_.recurrent_dropout > 0.0) of_moved.before = matrix(total, spec_.units);
        tangent.by_h[d] = matrix(total, spec_.units);
        if (shape_.memory) {
            of_moved.c = matrix(rows, spec_.units);
            tangent.by_c[d] = matrix(total, spec_.units);
        }
        if (!spec_.layer_norm) continue;
        weights_[d].norm_ih.carve_tangent(carver, total, of_moved.norm_ih, of_by.norm_ih);
        weights_[d].norm_hh.carve_tangent(carver, total, of_moved.norm_hh, of_by.norm_hh);
    }
}

template <class T>
void RecurrentParts<T>::plan(const Backend<T>& backend, Index rows, Index total, bool training,
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
Index RecurrentParts<T>::scratch(const RecurrentTape<T>& tape) const {
    return std::max({tape.input.scratch(), tape.step.scratch(), tape.step_back.scratch(),
                     tape.input_back.scratch(), tape.input_weight.scratch(), tape.state_weight.scratch()});
}

template <class T>
void RecurrentParts<T>::pack(const Pass<T>& pass, RecurrentTape<T>& tape, Share share) const {
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
void RecurrentParts<T>::clear_states(RecurrentTape<T>& tape, Range own) const {
    for (Index row = own.begin; row < own.end; ++row) {
        std::fill_n(tape.h.row(row), outputs(), T(0));
        if (!shape_.memory) continue;
        for (Index d = 0; d < directions(); ++d) std::fill_n(tape.direction[d].c.row(row), spec_.units, T(0));
    }
}

template <class T>
const T* RecurrentParts<T>::set_state(RecurrentTape<T>& tape, Index row, const T* from) const {
    std::copy_n(from, outputs(), tape.h.row(row));
    from += outputs();
    for (Index d = 0; shape_.memory && d < directions(); ++d, from += spec_.units)
        std::copy_n(from, spec_.units, tape.direction[d].c.row(row));
    return from;
}

template <class T>
T* RecurrentParts<T>::get_state(const RecurrentTape<T>& tape, Index row, T* to) const {
    to = std::copy_n(tape.h.row(row), outputs(), to);
    for (Index d = 0; shape_.memory && d < directions(); ++d)
        to = std::copy_n(tape.direction[d].c.row(row), spec_.units, to);
    return to;
}

template class RecurrentParts<float>;
template class RecurrentParts<double>;

}  // namespace ds
