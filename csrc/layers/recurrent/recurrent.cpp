#include "layers/recurrent/recurrent.h"

namespace ds {

template <class T>
void Recurrent<T>::input_projection(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                                    RecurrentBuffers<T>& buffers, const RecurrentBuffers<T>* values,
                                    Range packed) const {
    if (packed.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        const Weights& w = weights_[d];
        const Matrix<T> gates = buffers.direction[d].gates;
        const T* b = values ? nullptr : bias(exec, w.bias_ih);
        if (!layer_input.tokens) {
            const LinearForward<T> op{.plan = &buffers.input,
                                      .y = gates,
                                      .x = layer_input.x,
                                      .w = exec.params + w.ih,
                                      .ldw = ih_ld_,
                                      .bias = b,
                                      .share = exec.products()};
            exec.backend->linear_forward(op, packed, exec.worker);
        } else if (exec.products().worker == 0) {
            exec.backend->gather(gates, {exec.params + w.ih, spec_.inputs, columns(), ih_ld_},
                                 layer_input.tokens, packed);
            if (b) exec.backend->add(gates, repeated_row(b, packed.end, columns()), packed);
        }
        if (!spec_.layer_norm || !exec.is_lead_after_sync()) continue;
        if (values)
            w.norm_ih.tangent(exec, values->direction[d].norm_ih, buffers.direction[d].norm_ih, gates,
                              packed);
        else
            w.norm_ih.forward(exec, buffers.direction[d].norm_ih, gates, packed);
    }
}

template <class T>
void Recurrent<T>::project(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                           RecurrentBuffers<T>& buffers, Range packed) const {
    input_projection(exec, layer_input, buffers, nullptr, packed);
}

template <class T>
void Recurrent<T>::draw_mask(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                             Range batch_rows) const {
    const RandomKey key{
        exec.seed, exec.epoch, exec.step,
        static_cast<std::uint32_t>(spec_.rng_stream + rng_streams::recurrent_dropout(layer_, d))};
    exec.backend->dropout_mask(buffers.direction[d].mask, spec_.recurrent_dropout,
                               {.key = key, .number = buffers.number}, batch_rows);
}

template <class T>
void Recurrent<T>::load_initial_state(const ExecContext<T>& exec, const SequenceLayout& layout,
                                      RecurrentBuffers<T>& buffers, Index d, Range batch_rows) const {
    if (buffers.direction[d].h_prev) return;
    const Index first = border(buffers) + (d == 0 ? -layout.rows : layout.total);
    exec.backend->copy(half(buffers.bordered_y, d).rows_from(first), half(buffers.h, d), batch_rows);
}

// The factor of W_hh by packed row. With sequences of equal length it is y of the previous step (the next one
// in the reverse direction).
template <class T>
Matrix<const T> Recurrent<T>::h_prev(const SequenceLayout& layout, const RecurrentBuffers<T>& buffers,
                                     Index d) const {
    if (buffers.direction[d].h_prev) return buffers.direction[d].h_prev;
    const Index first = border(buffers) + (d == 0 ? -layout.rows : layout.rows);
    return half(buffers.bordered_y, d).row_slice({first, first + layout.total});
}

template <class T>
void Recurrent<T>::cell_forward(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                                Range batch_rows, Range step_rows, bool keep) const {
    const DirectionBuffers<T>& dir = buffers.direction[d];
    const Range running{batch_rows.begin, batch_rows.begin + step_rows.size()};
    exec.backend->cell_forward(spec_.cell, {.gates = dir.gates.row_slice(step_rows),
                                            .saved = dir.saved.row_slice(step_rows),
                                            .h = half(buffers.h, d).row_slice(running),
                                            .c = dir.c.row_slice(running),
                                            .y = half(buffers.y, d).row_slice(step_rows),
                                            .keep = keep});
}

template <class T>
LinearForward<T> Recurrent<T>::state_product(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                                             Index d) const {
    const DirectionBuffers<T>& dir = buffers.direction[d];
    const bool raw = !shape_.separate_product && spec_.layer_norm;
    return {.plan = &buffers.step,
            .y = raw ? dir.norm_hh.raw : state_part(dir),
            .w = dir.packed ? dir.packed : exec.params + weights_[d].hh,
            .ldw = hh_ld_,
            .bias = bias(exec, weights_[d].bias_hh),
            .accumulate = accumulates_into_gates(),
            .share = exec.products()};
}

template <class T>
void Recurrent<T>::start_state_product(const ExecContext<T>& exec, RecurrentBuffers<T>& buffers,
                                       Range batch_rows) const {
    const bool waits = accumulates_into_gates();
    buffers.has_early_product = !waits || buffers.direction[0].early_product;
    for (Index d = 0; buffers.has_early_product && d < directions(); ++d) {
        LinearForward<T> product = state_product(exec, buffers, d);
        product.x = half(buffers.h, d);
        if (waits)
            product.y = buffers.direction[d].early_product, product.bias = nullptr,
            product.accumulate = false;
        exec.backend->linear_forward(product, batch_rows, exec.worker);
    }
}

template <class T>
void Recurrent<T>::add_early_product(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                                     Range step_rows) const {
    const DirectionBuffers<T>& dir = buffers.direction[d];
    exec.backend->add(dir.gates, dir.early_product, step_rows);
    if (const T* b = bias(exec, weights_[d].bias_hh))
        exec.backend->add(dir.gates, repeated_row(b, step_rows.end, columns()), step_rows);
}

template <class T>
void Recurrent<T>::direction_forward(const ExecContext<T>& exec, const SequenceLayout& layout,
                                     RecurrentBuffers<T>& buffers, const RecurrentBuffers<T>* values, Index d,
                                     const ForwardRange& range) const {
    DirectionBuffers<T>& dir = buffers.direction[d];
    const Weights& w = weights_[d];
    const Range batch_rows = range.batch_rows;
    const Matrix<T> h = half(buffers.h, d);
    const bool keeps_h_prev = range.training && dir.h_prev;
    const bool added =
        !shape_.separate_product && spec_.layer_norm;  // is added to the gates after normalisation
    LinearForward<T> product = state_product(exec, buffers, d);
    const Matrix<T> projection = product.y;
    if (values) product.bias = nullptr;
    const Index end = std::min(range.steps.end, layout.steps);
    for (Index s = range.steps.begin; s < end && !exec.worker.stop_requested(); ++s) {
        const Index t = d == 0 ? s : layout.steps - 1 - s;
        const Range step_rows = layout.at(t, batch_rows);
        if (step_rows.empty()) continue;
        if (exec.column_parallel && s > range.steps.begin)
            exec.column_parallel->barrier.wait();  // for the states of the previous step
        const Range rows{0, step_rows.size()};
        product.x = h.rows_from(batch_rows.begin);
        product.x_is_zero = buffers.zero_state && s == 0;
        if (keeps_h_prev) {
            const Matrix<T> to = dir.h_prev.row_slice(step_rows);
            if (dir.mask)
                exec.backend->multiply(to, product.x, dir.mask.rows_from(batch_rows.begin), rows);
            else
                exec.backend->copy(to, product.x, rows);
            product.x = to;
        }
        product.y = projection.row_slice(step_rows);
        if (!buffers.has_early_product)
            exec.backend->linear_forward(product, rows, exec.worker);
        else if (dir.early_product)
            add_early_product(exec, buffers, d, step_rows);
        if (!exec.is_lead_after_sync()) continue;
        if (spec_.layer_norm && values)
            w.norm_hh.tangent(exec, values->direction[d].norm_hh, dir.norm_hh, projection, step_rows);
        else if (spec_.layer_norm)
            w.norm_hh.forward(exec, dir.norm_hh, projection, step_rows);
        if (added) exec.backend->add(dir.gates, projection, step_rows);
        if (values)
            cell_tangent(exec, buffers, *values, d, batch_rows, step_rows);
        else
            cell_forward(exec, buffers, d, batch_rows, step_rows, range.training);
    }
}

template <class T>
void Recurrent<T>::forward(const ExecContext<T>& exec, const SequenceLayout& layout,
                           RecurrentBuffers<T>& buffers, Range batch_rows, bool training, Range steps) const {
    if (batch_rows.empty()) return;
    for (Index d = 0; d < directions(); ++d) {
        if (training && steps.begin == 0) {
            if (buffers.direction[d].mask) draw_mask(exec, buffers, d, batch_rows);
            load_initial_state(exec, layout, buffers, d, batch_rows);
        }
        direction_forward(exec, layout, buffers, nullptr, d, {batch_rows, steps, training});
    }
}

template class Recurrent<float>;
template class Recurrent<double>;

}  // namespace ds
