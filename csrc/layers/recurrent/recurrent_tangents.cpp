// Tangents of a recurrent layer: their forward pass, and their part of the weight gradients.
#include <algorithm>

#include "layers/recurrent/recurrent.h"

namespace ds {

template <class T>
void Recurrent<T>::tangent_project(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                                   const RecurrentBuffers<T>& buffers, RecurrentTangent<T>& tangent,
                                   Range packed) const {
    input_projection(exec, layer_input, tangent.dot, &buffers, packed);
}

template <class T>
void Recurrent<T>::tangent_forward(const ExecContext<T>& exec, const SequenceLayout& layout,
                                   const RecurrentBuffers<T>& buffers, RecurrentTangent<T>& tangent,
                                   Range batch_rows) const {
    if (batch_rows.empty()) return;
    this->clear_states(*exec.backend, tangent.dot, batch_rows);
    for (Index d = 0; d < directions(); ++d) {
        load_initial_state(exec, layout, tangent.dot, d, batch_rows);
        direction_forward(exec, layout, tangent.dot, &buffers, d, {batch_rows, kAllSteps});
    }
}

template <class T>
void Recurrent<T>::cell_tangent(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                                const RecurrentBuffers<T>& values, Index d, Range batch_rows,
                                Range step_rows) const {
    const DirectionBuffers<T>&dir = buffers.direction[d], &of = values.direction[d];
    const Range running{batch_rows.begin, batch_rows.begin + step_rows.size()};
    exec.backend->cell_tangent(spec_.cell, {.gates = of.gates.row_slice(step_rows),
                                            .saved = of.saved.row_slice(step_rows),
                                            .gates_dot = dir.gates.row_slice(step_rows),
                                            .saved_dot = dir.saved.row_slice(step_rows),
                                            .h_dot = half(buffers.h, d).row_slice(running),
                                            .c_dot = dir.c.row_slice(running),
                                            .y_dot = half(buffers.y, d).row_slice(step_rows)});
}

template <class T>
void Recurrent<T>::tangent_weight_gradient(const ExecContext<T>& exec, const SequenceLayout& layout,
                                           const RecurrentInput<T>& layer_input, RecurrentTangent<T>& tangent,
                                           Share share) const {
    const Range cols = share.of(columns(), 16), packed{0, layout.total};
    for (Index d = 0; d < directions(); ++d) {
        matrix_gradients(exec, layout, layer_input, tangent.dot, tangent.d_dot, d, packed, share, true);
        if (!spec_.layer_norm) continue;
        const DirectionBuffers<T>&dot = tangent.dot.direction[d], &d_dot = tangent.d_dot.direction[d];
        weights_[d].norm_ih.weight_gradient(exec, dot.norm_ih, d_dot.gates, packed, cols, true, false);
        weights_[d].norm_hh.weight_gradient(exec, dot.norm_hh, state_part(d_dot), packed, cols, true, false);
    }
}

template void Recurrent<float>::tangent_project(const ExecContext<float>&, const RecurrentInput<float>&,
                                                const RecurrentBuffers<float>&, RecurrentTangent<float>&,
                                                Range) const;
template void Recurrent<float>::tangent_forward(const ExecContext<float>&, const SequenceLayout&,
                                                const RecurrentBuffers<float>&, RecurrentTangent<float>&,
                                                Range) const;
template void Recurrent<float>::cell_tangent(const ExecContext<float>&, const RecurrentBuffers<float>&,
                                             const RecurrentBuffers<float>&, Index, Range, Range) const;
template void Recurrent<float>::tangent_weight_gradient(const ExecContext<float>&, const SequenceLayout&,
                                                        const RecurrentInput<float>&,
                                                        RecurrentTangent<float>&, Share) const;
template void Recurrent<double>::tangent_project(const ExecContext<double>&, const RecurrentInput<double>&,
                                                 const RecurrentBuffers<double>&, RecurrentTangent<double>&,
                                                 Range) const;
template void Recurrent<double>::tangent_forward(const ExecContext<double>&, const SequenceLayout&,
                                                 const RecurrentBuffers<double>&, RecurrentTangent<double>&,
                                                 Range) const;
template void Recurrent<double>::cell_tangent(const ExecContext<double>&, const RecurrentBuffers<double>&,
                                              const RecurrentBuffers<double>&, Index, Range, Range) const;
template void Recurrent<double>::tangent_weight_gradient(const ExecContext<double>&, const SequenceLayout&,
                                                         const RecurrentInput<double>&,
                                                         RecurrentTangent<double>&, Share) const;

}  // namespace ds
