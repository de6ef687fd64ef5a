#include "train/optimizer.h"

#include <algorithm>

#include "core/cpu.h"
#include "core/maths.h"

namespace ds {
namespace {

constexpr Index kGap = 32;  // padding between parameters is less

}  // namespace

bool uses_first_moment(const OptimizerSpec& spec) {
    switch (spec.kind) {
        case Optimizer::kSgd:
        case Optimizer::kRmsProp: return spec.momentum != 0.0;
        case Optimizer::kAdagrad: return false;
        default: return true;
    }
}

bool uses_second_moment(const OptimizerSpec& spec) {
    return spec.kind != Optimizer::kSgd && spec.kind != Optimizer::kLion;
}

// What the scalars of every step have in common.
template <class T>
UpdateArgs<T> constants(const OptimizerSpec& spec) {
    const bool rms = spec.kind == Optimizer::kRmsProp;
    const double beta1 = rms ? spec.rho : spec.beta1, beta2 = rms ? spec.rho : spec.beta2;
    UpdateArgs<T> a{};
    a.beta1 = static_cast<T>(beta1);
    a.beta2 = static_cast<T>(beta2);
    a.rest1 = static_cast<T>(1.0 - beta1);
    a.rest2 = static_cast<T>(1.0 - beta2);
    a.eps = static_cast<T>(spec.eps);
    a.momentum = static_cast<T>(spec.momentum);
    a.l1 = static_cast<T>(spec.l1);
    a.l2 = static_cast<T>(spec.l2);
    a.clip_value = static_cast<T>(spec.clip_value);
    a.nesterov = spec.nesterov;
    return a;
}

template <class T>
OptimizerState<T>::OptimizerState(const OptimizerSpec& spec, const ParameterTable& table, Range part)
    : spec_(spec), constants_(constants<T>(spec)), table_(&table), part_(part) {
    if (has_first()) first_ = Buffer<T>(part.end);
    if (has_second()) second_ = Buffer<T>(part.end);
    reset();
    share_out(1);
}

template <class T>
void OptimizerState<T>::reset() {
    if (has_first()) std::fill(first_.data() + part_.begin, first_.end(), T(0));
    if (has_second()) std::fill(second_.data() + part_.begin, second_.end(), T(0));
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

// Neighbours with one treatment become one piece: a small net is one call. The gap between two parameters is
// padding, zero in every slab, and an update leaves zero at zero.
template <class T>
void OptimizerState<T>::add_piece(const Piece& piece, std::vector<Piece>& out) const {
    const bool decay_matters = spec_.weight_decay != 0.0 || spec_.l1 != 0.0 || spec_.l2 != 0.0;
    if (!out.empty()) {
        Piece& last = out.back();
        const bool alike = !decay_matters || last.decays == piece.decays;
        const bool anything = !last.of && !piece.of;
        if (alike && anything && piece.offset - (last.offset + last.size) < kGap) {
            last.size = piece.offset + piece.size - last.offset;
            return;
        }
    }
    out.push_back(piece);
}

template <class T>
void OptimizerState<T>::share_out(int workers) {
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
        if (piece.of && piece.of->large())
            room_ = std::max(room_, checked_round_up(piece.rows.size() * piece.of->ld, kAlignment));
    }
    const Index bytes = (1 + has_first() + has_second()) * total * Index(sizeof(T));
    far_ = bytes / workers > cpu_info().l2 / 4 * 3;
    if (made_.size() < room_ * workers) made_ = Buffer<T>(room_ * workers);
}

template <class T>
UpdateArgs<T> OptimizerState<T>::step_arguments(double rate, const OptimizerClock& clock) const {
    UpdateArgs<T> a = constants_;
    a.rate = static_cast<T>(rate);
    a.shrink = static_cast<T>(1.0 - rate * spec_.weight_decay);
    if (spec_.kind == Optimizer::kAdam || spec_.kind == Optimizer::kAdamW) {
        a.step_size = static_cast<T>(rate / (1.0 - clock.beta1_power));
        a.inv_sqrt_bc2 = static_cast<T>(1.0 / maths::sqrt(1.0 - clock.beta2_power));
    }
    return a;
}

template <class T>
bool OptimizerState<T>::update(const Backend<T>& backend, T* params, T* copies, const T* grads,
                               const RowGradients<T>& others, UpdateArgs<T>& a, Share share) const {
    bool finite = true;
    const T l1 = a.l1, l2 = a.l2, shrink = a.shrink;
    T* const made = const_cast<T*>(made_.data()) + share.worker * room_;
    for (const Piece& piece : pieces_[static_cast<std::size_t>(share.worker)]) {
        a.w = params + piece.offset;
        a.m = has_first() ? const_cast<T*>(first_.data()) + piece.offset : nullptr;
        a.v = has_second() ? const_cast<T*>(second_.data()) + piece.offset : nullptr;
        a.n = piece.size;
        const Parameter* p = piece.of;
        if (p && others.makes(*p)) {
            others.make(*p, piece.rows, made, far_ ? Wanted<T>{{a.w, a.m, a.v}, a.n} : Wanted<T>{}, share);
            a.g = made;
        } else {
            a.g = grads + piece.offset;
        }
        a.l1 = piece.decays ? l1 : T(0);
        a.l2 = piece.decays ? l2 : T(0);
        a.shrink = piece.decays ? shrink : T(1);
        finite &= backend.update(spec_.kind, a);
        if (p && p->transposed >= 0)
            backend.transpose({copies + p->transposed + piece.rows.begin, p->transposed_ld},
                              {params + p->offset + piece.rows.begin * p->ld, p->ld}, piece.rows.size(),
                              p->cols);
    }
    return finite;
}

template class OptimizerState<float>;
template class OptimizerState<double>;

}  // namespace ds
