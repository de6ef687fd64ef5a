#include "layers/recurrent/recurrent_parts.h"

#include <algorithm>

namespace ds {
template <class T>
RecurrentParts<T>::RecurrentParts(ParameterTable& table, const std::string& prefix, Index layer,
                                  const RecurrentSpec& spec)
    : spec_(spec), shape_(cell_shape(spec.cell)), layer_(layer) {
    for (Index d = 0; d < directions(); ++d) {
        Weights& w = weights_[d];
        const std::string end = "_l" + std::to_string(layer) + (d ? "_reverse" : "");
        const std::string begin = prefix + "rnn.";
        w.table_ih = table.add(begin + "weight_ih" + end, ParameterKind::kWeight, spec.inputs, columns());
        w.table_hh = table.add(begin + "weight_hh" + end, ParameterKind::kWeight, spec.units, columns());
        if (spec.needs_input_grad && spec.inputs * columns() <= kLargeWeight)
            table.keep_transposed(w.table_ih);
        if (!large()) table.keep_transposed(w.table_hh);
        const Parameter &ih = table[w.table_ih], &hh = table[w.table_hh];
        w.ih = ih.offset;
        w.hh = hh.offset;
        w.ih_back = ih.transposed;
        w.hh_back = hh.transposed;
        ih_ld_ = ih.ld;
        hh_ld_ = hh.ld;
        ih_back_ld_ = ih.transposed_ld;
        hh_back_ld_ = hh.transposed_ld;
        const auto row = [&](const char* name, ParameterKind kind) {
            return table[table.add(begin + name + end, kind, 1, columns())].offset;
        };
        if (spec.bias) {
            w.bias_ih = row("bias_ih", ParameterKind::kBias);
            w.bias_hh = row("bias_hh", ParameterKind::kBias);
        }
        if (spec.layer_norm) {
            w.norm_ih = {row("norm_ih", ParameterKind::kNormWeight), w.bias_ih, columns()};
            w.norm_hh = {row("norm_hh", ParameterKind::kNormWeight), w.bias_hh, columns()};
        }
    }
}

template <class T>
void RecurrentParts<T>::init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const {
    const bool standard = spec_.standard_init;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const auto stream = [&](Index matrix) {
            return spec_.rng_stream + rng_streams::recurrent_init(layer_, d, matrix, 0);
        };
        init_parameter(table[w.table_ih], {standard ? Init::kGlorotUniform : spec_.init, 1.0, stream(0)},
                       seed, params, shape_.gates);
        init_parameter(table[w.table_hh], {standard ? Init::kOrthogonal : spec_.init, 1.0, stream(1)}, seed,
                       params, shape_.gates);
        // Gate 1 is the forget gate, which begins open.
        if (spec_.bias && spec_.cell == Cell::kLstm)
            std::fill_n(params + w.bias_ih + spec_.units, spec_.units, T(1));
        if (!spec_.layer_norm) continue;
        w.norm_ih.init_parameters(params);
        w.norm_hh.init_parameters(params);
    }
}

template <class T>
void RecurrentParts<T>::allocate_buffers(ArenaPlanner& planner, Index rows, Index total, bool ragged,
                                         bool training, RecurrentBuffers<T>& buffers) const {
    const bool masked = training && spec_.recurrent_dropout > 0.0;
    buffers.bordered_y = planner.matrix<T>(total + 2 * rows, outputs());
    buffers.y = buffers.bordered_y.row_slice({rows, rows + total});
    buffers.h = planner.matrix<T>(rows, outputs());
    if (training) {
        buffers.dy = planner.matrix<T>(total, outputs());
        buffers.dh = planner.matrix<T>(rows, outputs());
    }
    for (Index d = 0; d < directions(); ++d) {
        DirectionBuffers<T>& dir = buffers.direction[d];
        dir.gates = planner.matrix<T>(total, columns());
        if (shape_.separate_product || (training && shape_.saved > 0))
            dir.saved = planner.matrix<T>(total, shape_.saved * spec_.units);
        if (shape_.has_cell_state) dir.c = planner.matrix<T>(rows, spec_.units);
        if (!training && total == rows && accumulates_into_gates() && spec_.units <= kSumChunk)
            dir.early_product = planner.matrix<T>(rows, columns());
        if (buffers.step.shape().packed_b) dir.packed = planner.allocate<T>(buffers.step.packed_size(), 1);
        if (buffers.step_back.shape().packed_b)
            dir.packed_back = planner.allocate<T>(buffers.step_back.packed_size(), 1);
        if (spec_.layer_norm) {
            weights_[d].norm_ih.allocate_buffers(planner, total, training, dir.norm_ih);
            weights_[d].norm_hh.allocate_buffers(planner, total, training, dir.norm_hh);
        }
        if (!training) continue;
        if (shape_.has_cell_state) dir.dc = planner.matrix<T>(rows, spec_.units);
        if (ragged || masked) dir.h_prev = planner.matrix<T>(total, spec_.units);
        if (!masked) continue;
        dir.mask = planner.matrix<T>(rows, spec_.units);
        dir.masked_dh = planner.matrix<T>(rows, spec_.units);
    }
}

template <class T>
void RecurrentParts<T>::allocate_tangent(ArenaPlanner& planner, Index rows, Index total,
                                         const RecurrentBuffers<T>& buffers, bool ragged,
                                         RecurrentTangent<T>& tangent) const {
    // Masks, plans and packed weights are shared with the batch, and so are buffers that the backward pass of
    // the values uses later.
    RecurrentBuffers<T>&dot = tangent.dot, &d_dot = tangent.d_dot;
    dot = d_dot = buffers;
    dot.zero_state = true;
    dot.bordered_y = planner.matrix<T>(total + 2 * rows, outputs());
    dot.y = dot.bordered_y.row_slice({rows, rows + total});
    dot.h = planner.matrix<T>(rows, outputs());
    for (Index d = 0; d < directions(); ++d) {
        DirectionBuffers<T>&dir_dot = dot.direction[d], &dir_d_dot = d_dot.direction[d];
        dir_dot.gates = planner.matrix<T>(total, columns());
        dir_d_dot.gates = planner.matrix<T>(total, columns());
        if (shape_.saved > 0) dir_dot.saved = planner.matrix<T>(total, shape_.saved * spec_.units);
        if (shape_.separate_product) dir_d_dot.saved = planner.matrix<T>(total, shape_.saved * spec_.units);
        if (ragged || spec_.recurrent_dropout > 0.0) dir_dot.h_prev = planner.matrix<T>(total, spec_.units);
        tangent.dh_dot[d] = planner.matrix<T>(total, spec_.units);
        if (shape_.has_cell_state) {
            dir_dot.c = planner.matrix<T>(rows, spec_.units);
            tangent.dc_dot[d] = planner.matrix<T>(total, spec_.units);
        }
        if (!spec_.layer_norm) continue;
        weights_[d].norm_ih.allocate_tangent(planner, total, dir_dot.norm_ih, dir_d_dot.norm_ih);
        weights_[d].norm_hh.allocate_tangent(planner, total, dir_dot.norm_hh, dir_d_dot.norm_hh);
    }
}

template <class T>
void RecurrentParts<T>::plan(const Backend<T>& backend, Index rows, Index total, bool training,
                             RecurrentBuffers<T>& buffers) const {
    const Index inputs = spec_.inputs, units = spec_.units;
    if (!spec_.tokens) buffers.input = backend.plan_forward(total, inputs, columns(), ih_ld_);
    const bool few_steps = total < 4 * rows;
    buffers.step = large() && !few_steps ? backend.plan_packed(rows, units, columns(), false)
                                         : backend.plan_forward(rows, units, columns(), hh_ld_);
    if (!training) return;
    buffers.step_back = large() ? backend.plan_packed(rows, columns(), units, true)
                                : backend.plan_backward_input(rows, units, columns(), hh_back_ld_, false);
    buffers.state_weight = backend.plan_backward_weight(total, units, columns(), hh_ld_);
    if (spec_.tokens) return;
    buffers.input_weight = backend.plan_backward_weight(total, inputs, columns(), ih_ld_);
    const bool stored = weights_[0].ih_back < 0;
    if (spec_.needs_input_grad)
        buffers.input_back =
            backend.plan_backward_input(total, inputs, columns(), stored ? ih_ld_ : ih_back_ld_, stored);
}

template <class T>
Index RecurrentParts<T>::scratchpad_size(const RecurrentBuffers<T>& buffers) const {
    return std::max({buffers.input.scratchpad_size(), buffers.step.scratchpad_size(),
                     buffers.step_back.scratchpad_size(), buffers.input_back.scratchpad_size(),
                     buffers.input_weight.scratchpad_size(), buffers.state_weight.scratchpad_size()});
}

template <class T>
void RecurrentParts<T>::pack(const ExecContext<T>& exec, RecurrentBuffers<T>& buffers, Share share) const {
    int index = 0;
    const auto is_mine = [&] { return index++ % share.workers == share.worker; };
    for (Index d = 0; d < directions(); ++d) {
        const T* w = exec.params + weights_[d].hh;
        const DirectionBuffers<T>& t = buffers.direction[d];
        if (t.packed && is_mine()) exec.backend->pack(buffers.step, w, hh_ld_, t.packed);
        if (t.packed_back && is_mine()) exec.backend->pack(buffers.step_back, w, hh_ld_, t.packed_back);
    }
}

template <class T>
void RecurrentParts<T>::clear_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers,
                                     Range batch_rows) const {
    backend.fill(buffers.h, T(0), batch_rows);
    for (Index d = 0; shape_.has_cell_state && d < directions(); ++d)
        backend.fill(buffers.direction[d].c, T(0), batch_rows);
}

template <class T>
Index RecurrentParts<T>::set_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers,
                                    Matrix<const T> states, Index column, Range batch_rows) const {
    const auto copy = [&](Matrix<T> to) {
        backend.copy(to, states.col_slice({column, column + to.cols}), batch_rows);
        column += to.cols;
    };
    copy(buffers.h);
    for (Index d = 0; shape_.has_cell_state && d < directions(); ++d) copy(buffers.direction[d].c);
    return column;
}

template <class T>
Index RecurrentParts<T>::get_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers,
                                    Matrix<T> states, Index column, Range batch_rows) const {
    const auto copy = [&](Matrix<T> from) {
        backend.copy(states.col_slice({column, column + from.cols}), from, batch_rows);
        column += from.cols;
    };
    copy(buffers.h);
    for (Index d = 0; shape_.has_cell_state && d < directions(); ++d) copy(buffers.direction[d].c);
    return column;
}

template class RecurrentParts<float>;
template class RecurrentParts<double>;

}  // namespace ds
