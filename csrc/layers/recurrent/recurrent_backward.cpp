// The backward pass of a recurrent layer: back-propagation through time, then one product per weight.
#include "layers/recurrent/recurrent.h"

#include <algorithm>

namespace ds {
namespace {

constexpr Index kGradientBytes = Index(1)
                                 << 19;  // of the pre-activations' gradients that are read several times

}  // namespace

template <class T>
void Recurrent<T>::cell_backward(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                                 const RecurrentBackward<T>& back, Index d, Range batch_rows,
                                 Range step_rows) const {
    const DirectionBuffers<T>& dir = buffers.direction[d];
    const Range running{batch_rows.begin, batch_rows.begin + step_rows.size()};
    CellBackward<T> cell{.gates = dir.gates.row_slice(step_rows),
                         .saved = dir.saved.row_slice(step_rows),
                         .dh = half(buffers.dh, d).row_slice(running),
                         .dc = dir.dc.row_slice(running)};
    if (!back.tangent) return exec.backend->cell_backward(spec_.cell, cell);
    const RecurrentTangent<T>& tangent = *back.tangent;
    const Matrix<T> dh_dot = tangent.dh_dot[d].row_slice(step_rows),
                    dc_dot = tangent.dc_dot[d].row_slice(step_rows);
    if (back.second_order) {
        const DirectionBuffers<T>& dot = tangent.dot.direction[d];
        return exec.backend->cell_double_backward(spec_.cell, {.backward = cell,
                                                               .gates_dot = dot.gates.row_slice(step_rows),
                                                               .saved_dot = dot.saved.row_slice(step_rows),
                                                               .dh_dot = dh_dot,
                                                               .dc_dot = dc_dot});
    }
    const DirectionBuffers<T>& d_dot = tangent.d_dot.direction[d];
    const Range rows{0, step_rows.size()};
    exec.backend->copy(dh_dot, cell.dh, rows);
    if (dc_dot) exec.backend->copy(dc_dot, cell.dc, rows);
    cell.dgates = d_dot.gates.row_slice(step_rows);
    cell.dsaved = d_dot.saved.row_slice(step_rows);
    exec.backend->cell_backward(spec_.cell, cell);
}

template <class T>
void Recurrent<T>::direction_backward(const ExecContext<T>& exec, const SequenceLayout& layout,
                                      RecurrentBuffers<T>& buffers, const RecurrentBackward<T>& back, Index d,
                                      Range batch_rows) const {
    const bool tangents_only = back.tangent && !back.second_order;
    const DirectionBuffers<T>& dir = buffers.direction[d];
    const DirectionBuffers<T>& grads = tangents_only ? back.tangent->d_dot.direction[d] : dir;
    const Weights& w = weights_[d];
    const Matrix<T> dh = half(buffers.dh, d), dy = half(buffers.dy, d),
                    d_projection = d_state_projection(grads);
    const Matrix<T> to = dh.row_slice(batch_rows);
    LinearBackwardInput<T> product{.plan = &buffers.step_back,
                                   .dx = to,
                                   .w = dir.packed_back ? dir.packed_back
                                        : this->large() ? exec.params + w.hh
                                                        : exec.copies + w.hh_back,
                                   .ldw = this->large() ? hh_ld_ : hh_back_ld_,
                                   .accumulate = shape_.separate_product};
    if (dir.mask) {
        product.dx = dir.masked_dh.row_slice(batch_rows);
        product.accumulate = false;
    }
    for (Index s = std::min(back.steps.end, layout.steps);
         s-- > back.steps.begin && !exec.worker.stop_requested();) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range step_rows = layout.at(t, batch_rows);
        if (step_rows.empty()) continue;
        const Range rows{0, step_rows.size()};
        if (back.each) exec.backend->add(to, dy.row_slice(step_rows), rows);
        cell_backward(exec, buffers, back, d, batch_rows, step_rows);
        if (spec_.layer_norm && back.second_order) {
            const DirectionBuffers<T>&dot = back.tangent->dot.direction[d],
                  &d_dot = back.tangent->d_dot.direction[d];
            w.norm_ih.double_backward(exec, dir.norm_ih, dir.gates, dot.norm_ih, d_dot.gates, step_rows);
            w.norm_hh.double_backward(exec, dir.norm_hh, state_part(dir), dot.norm_hh, state_part(d_dot),
                                      step_rows);
        } else if (spec_.layer_norm) {
            w.norm_ih.backward(exec, grads.norm_ih, grads.gates, step_rows);
            w.norm_hh.backward(exec, grads.norm_hh, state_part(grads), step_rows);
        }
        if (s == 0) break;  // the gradient with respect to the initial states is not needed
        product.dy = d_projection.row_slice(step_rows);
        exec.backend->linear_backward_input(product, rows, exec.worker);
        if (!dir.mask) continue;
        exec.backend->multiply(product.dx, product.dx, dir.mask.row_slice(batch_rows), rows);
        exec.backend->add(to, product.dx, rows);
    }
}

template <class T>
void Recurrent<T>::backward(const ExecContext<T>& exec, const SequenceLayout& layout,
                            RecurrentBuffers<T>& buffers, const RecurrentBackward<T>& back,
                            Range batch_rows) const {
    if (batch_rows.empty()) return;
    const bool starts = back.steps.end >= layout.steps;
    if (starts && back.last) {
        // A row with a number has its gradient at number - first_number.
        const Index first = buffers.number ? back.first_number : 0;
        const Matrix<const T> last{back.last.p - first * back.last.ld, back.last.rows + first, outputs(),
                                   back.last.ld};
        exec.backend->gather(buffers.dh, last, buffers.number, batch_rows);
    } else if (starts) {
        exec.backend->fill(buffers.dh, T(0), batch_rows);
    }
    for (Index d = 0; d < directions(); ++d) {
        if (starts && shape_.has_cell_state) exec.backend->fill(buffers.direction[d].dc, T(0), batch_rows);
        direction_backward(exec, layout, buffers, back, d, batch_rows);
    }
}

template <class T>
void Recurrent<T>::input_gradient(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                                  RecurrentBuffers<T>& buffers, Range packed) const {
    if (!layer_input.dx || packed.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const bool stored = w.ih_back < 0;
        const LinearBackwardInput<T> op{.plan = &buffers.input_back,
                                        .dx = layer_input.dx,
                                        .dy = d_input_projection(buffers.direction[d]),
                                        .w = stored ? exec.params + w.ih : exec.copies + w.ih_back,
                                        .ldw = stored ? ih_ld_ : ih_back_ld_,
                                        .accumulate = d > 0};
        exec.backend->linear_backward_input(op, packed, exec.worker);
    }
}

template <class T>
void Recurrent<T>::matrix_gradients(const ExecContext<T>& exec, const SequenceLayout& layout,
                                    const RecurrentInput<T>& layer_input, const RecurrentBuffers<T>& from,
                                    const RecurrentBuffers<T>& dbuffers, Index d, Range packed, Share share,
                                    bool accumulate) const {
    const Weights& w = weights_[d];
    const auto packed_slice = [packed](Matrix<const T> m) { return m.row_slice(packed); };
    LinearBackwardWeight<T> op{.plan = &dbuffers.state_weight,
                               .dw = {exec.grads + w.hh, spec_.units, columns(), hh_ld_},
                               .dy = packed_slice(d_state_projection(dbuffers.direction[d])),
                               .x = packed_slice(h_prev(layout, from, d)),
                               .inputs = spec_.units,
                               .outputs = columns(),
                               .batch = packed.size(),
                               .accumulate = accumulate};
    exec.backend->linear_backward_weight(op, share, exec.worker);
    op.dw = {exec.grads + w.ih, spec_.inputs, columns(), ih_ld_};
    op.dy = packed_slice(d_input_projection(dbuffers.direction[d]));
    if (layer_input.tokens) {
        const Range cols = share.of(columns(), 16);
        if (cols.empty()) return;
        if (!accumulate) exec.backend->fill(op.dw.col_slice(cols), T(0), {0, spec_.inputs});
        exec.backend->scatter_add(op.dw.col_slice(cols), op.dy.col_slice(cols),
                                  layer_input.tokens + packed.begin);
    } else {
        op.plan = &dbuffers.input_weight;
        op.x = packed_slice(layer_input.x);
        op.inputs = spec_.inputs;
        exec.backend->linear_backward_weight(op, share, exec.worker);
    }
}

// Rows per block of the weight gradients. All products read a block before the next one, so that its
// gradients stay in the second-level cache. Large weights need the cache for themselves, and get one block.
template <class T>
Index Recurrent<T>::rows_at_once(Index total) const {
    const Index row = columns() * Index(sizeof(T));
    if ((spec_.inputs + spec_.units) * row > kGradientBytes) return std::max<Index>(total, 1);
    return std::max<Index>(kGradientBytes / (kSumChunk * row), 1) * kSumChunk;
}

template <class T>
void Recurrent<T>::weight_gradient(const ExecContext<T>& exec, const SequenceLayout& layout,
                                   const RecurrentInput<T>& layer_input, RecurrentBuffers<T>& buffers,
                                   Share share, bool accumulate) const {
    const Range cols = share.of(columns(), 16);
    const Index block = rows_at_once(layout.total);
    for (Index d = 0; d < directions(); ++d)
        for (Index row = 0; row < layout.total; row += block) {
            const Range packed{row, std::min(row + block, layout.total)};
            const bool adds = accumulate || row > 0;
            matrix_gradients(exec, layout, layer_input, buffers, buffers, d, packed, share, adds);
            row_gradients(exec, weights_[d], buffers.direction[d], packed, cols, adds);
        }
}

// Gradients of the biases and of the normalisations' gains, which have one row each.
template <class T>
void Recurrent<T>::row_gradients(const ExecContext<T>& exec, const Weights& w,
                                 const DirectionBuffers<T>& buffers, Range packed, Range cols,
                                 bool accumulate) const {
    if (cols.empty()) return;
    if (spec_.layer_norm) {
        w.norm_ih.weight_gradient(exec, buffers.norm_ih, buffers.gates, packed, cols, accumulate);
        w.norm_hh.weight_gradient(exec, buffers.norm_hh, state_part(buffers), packed, cols, accumulate);
        return;
    }
    if (w.bias_ih < 0) return;
    exec.backend->column_sums(exec.grads + w.bias_ih + cols.begin, buffers.gates.block(packed, cols),
                              accumulate);
    if (shape_.separate_product)
        exec.backend->column_sums(exec.grads + w.bias_hh + cols.begin, buffers.saved.block(packed, cols),
                                  accumulate);
    else  // both biases have the same gradient, since they are added
        exec.backend->copy(row_vector(exec.grads + w.bias_hh + cols.begin, cols.size()),
                           row_vector(exec.grads + w.bias_ih + cols.begin, cols.size()), {0, 1});
}

template class Recurrent<float>;
template class Recurrent<double>;

}  // namespace ds
