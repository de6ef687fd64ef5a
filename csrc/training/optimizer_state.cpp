#include "training/optimizer_state.h"

#include <algorithm>

#include "core/cpu.h"

namespace ds {
namespace {

constexpr Index kGap = 32;  // padding between parameters is less

}  // namespace

// The scalars that all steps share.
template <class T>
UpdateArgs<T> constants_of(const OptimizerSpec& spec) {
    UpdateArgs<double> args;
    traits_of(spec.kind).set_constants(spec.options, args);
    UpdateArgs<T> a;
    a.set_constants(args);
    a.l1 = static_cast<T>(spec.l1);
    a.l2 = static_cast<T>(spec.l2);
    a.clip_value = static_cast<T>(spec.clip_value);
    return a;
}

template <class T>
OptimizerState<T>::OptimizerState(Memory& memory, const OptimizerSpec& spec, const ParameterTable& table,
                                  Range part)
    : spec_(spec),
      traits_(&traits_of(spec.kind)),
      has_first_(traits_->has_first_moment(spec.options)),
      has_second_(traits_->has_second_moment(spec.options)),
      constants_(constants_of<T>(spec)),
      table_(&table),
      part_(part) {
    if (has_first()) first_ = Buffer<T>(memory, part.end);
    if (has_second()) second_ = Buffer<T>(memory, part.end);
    reset();
    divide_among(1);
}

template <class T>
void OptimizerState<T>::reset() {
    if (has_first()) first_.memory()->fill_zero(first_.data() + part_.begin, part_.size());
    if (has_second()) second_.memory()->fill_zero(second_.data() + part_.begin, part_.size());
}

// Every parameter of the part in blocks of rows, in slab order.
template <class T>
std::vector<typename OptimizerState<T>::Piece> OptimizerState<T>::cut() const {
    std::vector<Piece> all;
    for (const Parameter& p : table_->all()) {
        if (!p.trainable() || p.offset < part_.begin || p.offset >= part_.end) continue;
        const bool alone = p.transposed >= 0 || p.large();
        for (Index row = 0; row < p.rows; row += p.block()) {
            const Index end = std::min(row + p.block(), p.rows);
            const Index size = end == p.rows ? p.span() - row * p.ld : (end - row) * p.ld;
            all.push_back({p.offset + row * p.ld, size, p.decays(), alone ? &p : nullptr, {row, end}});
        }
    }
    return all;
}

// Adjacent pieces with equal options are merged, so a small net is one call. The gap between two parameters is
// padding: it is zero in all flat buffers, and an update keeps it zero.
template <class T>
void OptimizerState<T>::add_piece(const Piece& piece, std::vector<Piece>& out) const {
    const bool decay_matters = spec_.weight_decay != 0.0 || spec_.l1 != 0.0 || spec_.l2 != 0.0;
    if (!out.empty()) {
        Piece& last = out.back();
        const bool alike = !decay_matters || last.decays == piece.decays;
        const bool whole = !last.parameter && !piece.parameter;
        if (alike && whole && piece.offset - (last.offset + last.size) < kGap) {
            last.size = piece.offset + piece.size - last.offset;
            return;
        }
    }
    out.push_back(piece);
}

template <class T>
void OptimizerState<T>::divide_among(int workers) {
    const std::vector<Piece> all = cut();
    Index total = 0;
    for (const Piece& piece : all) total += piece.size;
    pieces_.assign(static_cast<std::size_t>(workers), {});
    Index done = 0;
    for (const Piece& piece : all) {
        const Index worker =
            std::min<Index>(workers - 1, (done + piece.size / 2) * workers / std::max<Index>(total, 1));
        add_piece(piece, pieces_[static_cast<std::size_t>(worker)]);
        done += piece.size;
        if (piece.parameter && piece.parameter->large())
            scratchpad_size_ = std::max(
                scratchpad_size_, checked_round_up(piece.rows.size() * piece.parameter->ld, kAlignment));
    }
    const Index bytes = (1 + has_first() + has_second()) * total * Index(sizeof(T));
    exceeds_l2_ = bytes / workers > cpu_info().l2 / 4 * 3;
    if (row_gradients_.size() < scratchpad_size_ * workers)
        row_gradients_ = HostArray<T>(scratchpad_size_ * workers);
}

template <class T>
UpdateScalars<T> OptimizerState<T>::step_scalars(double learning_rate, const OptimizerClock& clock) const {
    StepScalars s;
    if (traits_->set_step) traits_->set_step(spec_.options, learning_rate, clock, s);
    return {static_cast<T>(learning_rate), static_cast<T>(1.0 - learning_rate * spec_.weight_decay),
            static_cast<T>(s.step_size), static_cast<T>(s.inv_sqrt_bc2), static_cast<T>(s.grad_step)};
}

template <class T>
void OptimizerState<T>::update(const Backend<T>& backend, T* params, T* copies, const T* grads,
                               const RowGradients<T>& others, UpdateArgs<T>& a, StepStatus* status,
                               Share share) const {
    const T l1 = a.l1, l2 = a.l2;
    T* const row_gradients = const_cast<T*>(row_gradients_.data()) + share.worker * scratchpad_size_;
    for (const Piece& piece : pieces_[static_cast<std::size_t>(share.worker)]) {
        a.w = params + piece.offset;
        a.m = has_first() ? const_cast<T*>(first_.data()) + piece.offset : nullptr;
        a.v = has_second() ? const_cast<T*>(second_.data()) + piece.offset : nullptr;
        a.n = piece.size;
        const Parameter* p = piece.parameter;
        if (p && others.has_gradient_rows(*p)) {
            others.gradient_rows(*p, piece.rows, row_gradients,
                                 exceeds_l2_ ? PrefetchHint<T>{{a.w, a.m, a.v}, a.n} : PrefetchHint<T>{},
                                 share);
            a.g = row_gradients;
        } else {
            a.g = grads + piece.offset;
        }
        a.l1 = piece.decays ? l1 : T(0);
        a.l2 = piece.decays ? l2 : T(0);
        a.decays = piece.decays;
        backend.update(spec_.kind, a, status);
        if (p && p->transposed >= 0)
            backend.transpose(p->transposed_view(copies).col_slice(piece.rows),
                              p->view(params).row_slice(piece.rows));
    }
}

template class OptimizerState<float>;
template class OptimizerState<double>;

}  // namespace ds
