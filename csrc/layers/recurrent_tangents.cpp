// The tangents' side of a recurrent layer: what forward passes and weights' gradients do differently for them.
#include <algorithm>

#include "layers/recurrent.h"

namespace ds {

template <class T>
void Recurrent<T>::tangent_project(const Pass<T>& pass, const RecurrentBelow<T>& below,
                                   const RecurrentTape<T>& tape, RecurrentTangent<T>& tangent,
                                   Range packed) const {
    sums(pass, below, tangent.moved, &tape, packed);
}

template <class T>
void Recurrent<T>::tangent_forward(const Pass<T>& pass, const SequenceLayout& layout,
                                   const RecurrentTape<T>& tape, RecurrentTangent<T>& tangent,
                                   Range own) const {
    if (own.empty()) return;
    this->clear_states(tangent.moved, own);
    for (Index d = 0; d < directions(); ++d) {
        enter(pass, layout, tangent.moved, d, own);
        direction_forward(pass, layout, tangent.moved, &tape, d, {own, kAllSteps});
    }
}

template <class T>
void Recurrent<T>::cell_tangent(const Pass<T>& pass, const RecurrentTape<T>& tape,
                                const RecurrentTape<T>& values, Index d, Range own, Range at) const {
    const DirectionTape<T>&mine = tape.direction[d], &of = values.direction[d];
    const Matrix<T> h = half(tape.h, d), y = half(tape.y, d);
    const auto row = [at](Matrix<T> m) { return m ? m.row(at.begin) : nullptr; };
    pass.backend->cell_tangent(spec_.cell, {.rows = at.size(),
                                            .units = spec_.units,
                                            .gates = of.gates.row(at.begin),
                                            .ldg = of.gates.ld,
                                            .extra = row(of.extra),
                                            .ldx = of.extra.ld,
                                            .moved_gates = mine.gates.row(at.begin),
                                            .ldmg = mine.gates.ld,
                                            .moved_extra = row(mine.extra),
                                            .ldmx = mine.extra.ld,
                                            .h = h.row(own.begin),
                                            .ldh = h.ld,
                                            .c = shape_.memory ? mine.c.row(own.begin) : nullptr,
                                            .ldc = mine.c.ld,
                                            .y = y.row(at.begin),
                                            .ldy = y.ld});
}

template <class T>
void Recurrent<T>::tangent_weight_gradient(const Pass<T>& pass, const SequenceLayout& layout,
                                           const RecurrentBelow<T>& below, RecurrentTangent<T>& tangent,
                                           Share share) const {
    const Range cols = share.of(columns(), 16), packed{0, layout.total};
    for (Index d = 0; d < directions(); ++d) {
        matrix_gradients(pass, layout, below, tangent.moved, tangent.by, d, packed, share, true);
        if (!spec_.layer_norm) continue;
        const DirectionTape<T>&moved = tangent.moved.direction[d], &by = tangent.by.direction[d];
        weights_[d].norm_ih.add_gain_gradient(pass, moved.norm_ih, by.gates, packed, cols);
        weights_[d].norm_hh.add_gain_gradient(pass, moved.norm_hh, state_part(by), packed, cols);
    }
}

template void Recurrent<float>::tangent_project(const Pass<float>&, const RecurrentBelow<float>&,
                                                const RecurrentTape<float>&, RecurrentTangent<float>&,
                                                Range) const;
template void Recurrent<float>::tangent_forward(const Pass<float>&, const SequenceLayout&,
                                                const RecurrentTape<float>&, RecurrentTangent<float>&,
                                                Range) const;
template void Recurrent<float>::cell_tangent(const Pass<float>&, const RecurrentTape<float>&,
                                             const RecurrentTape<float>&, Index, Range, Range) const;
template void Recurrent<float>::tangent_weight_gradient(const Pass<float>&, const SequenceLayout&,
                                                        const RecurrentBelow<float>&,
                                                        RecurrentTangent<float>&, Share) const;
template void Recurrent<double>::tangent_project(const Pass<double>&, const RecurrentBelow<double>&,
                                                 const RecurrentTape<double>&, RecurrentTangent<double>&,
                                                 Range) const;
template void Recurrent<double>::tangent_forward(const Pass<double>&, const SequenceLayout&,
                                                 const RecurrentTape<double>&, RecurrentTangent<double>&,
                                                 Range) const;
template void Recurrent<double>::cell_tangent(const Pass<double>&, const RecurrentTape<double>&,
                                              const RecurrentTape<double>&, Index, Range, Range) const;
template void Recurrent<double>::tangent_weight_gradient(const Pass<double>&, const SequenceLayout&,
                                                         const RecurrentBelow<double>&,
                                                         RecurrentTangent<double>&, Share) const;

}  // namespace ds
