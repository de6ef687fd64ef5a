#include "train/step.h"

#include <algorithm>
#include <cmath>

#include "core/maths.h"
#include "train/loss.h"

namespace ds {
namespace {

Index square_blocks(Index n) { return (n + kSquareBlock - 1) / kSquareBlock; }

}  // namespace

template <class T>
Step<T>::Step(Model<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
              const Dataset<T>& data, Index batch, int workers)
    : model_(model), backend_(backend), optimizer_(optimizer), data_(data), tapes_(model.layers().size()) {
    for (std::size_t l = 0; l < tapes_.size(); ++l) model.layers()[l]->plan(backend, batch, true, tapes_[l]);
    desks_.resize(static_cast<std::size_t>(workers));
    Carver measure;
    carve(measure, batch);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver, batch);
    set_desks();
    std::fill_n(grads_, optimizer_.size(), T(0));  // padding stays zero
    optimizer.share_out(workers);
}

template <class T>
void Step<T>::carve(Carver& carver, Index batch) {
    const NetSpec& spec = model_.spec();
    const Index ldx = leading_dim<T>(spec.inputs);
    x_ = {carver.take<T>(batch, ldx), ldx};
    if (data_.label) label_ = carver.take<std::int64_t>(batch, 1);
    const Index ldt = leading_dim<T>(spec.outputs());
    if (data_.target) target_ = {carver.take<T>(batch, ldt), ldt};
    row_loss_ = carver.take<T>(batch, 1);
    row_scale_ = carver.take<T>(batch, 1);
    grads_ = carver.take<T>(optimizer_.size(), 1);
    block_squares_ = carver.take<double>(square_blocks(optimizer_.size()), 1);
    Index scratch = 0;
    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        model_.layers()[l]->carve(carver, batch, tapes_[l]);
        scratch = std::max(scratch, model_.layers()[l]->scratch(tapes_[l]));
    }
    for (Desk& desk : desks_) desk.pass.scratch = carver.take<T>(scratch, 1);
}

template <class T>
void Step<T>::set_desks() {
    for (Desk& desk : desks_) {
        desk.pass.backend = &backend_;
        desk.pass.params = model_.params();
        desk.pass.copies = model_.copies();
        desk.pass.grads = grads_;
        desk.pass.seed = model_.spec().seed;
        desk.below.push_back({x_, {}, {}, {}});
        for (std::size_t l = 1; l < tapes_.size(); ++l) {
            const Tape<T>& tape = tapes_[l - 1];
            // Nothing under the first trainable layer wants a gradient.
            const bool wanted = l > 1 || model_.layers()[0]->trainable();
            desk.below.push_back(
                {tape.y, wanted ? tape.d : Matrix<T>{}, tape.saved, model_.layers()[l - 1]->activation()});
        }
    }
}

template <class T>
void Step<T>::gather(const BatchPlace& place, Range rows) {
    if (place.rows) backend_.gather(x_, data_.inputs(), place.rows, rows, data_.cols);
    if (data_.target) {
        const Matrix<const T> source{data_.target, data_.target_cols};
        if (place.rows)
            backend_.gather(target_, source, place.rows, rows, data_.target_cols);
        else
            for (Index i = rows.begin; i < rows.end; ++i)
                std::copy_n(source.row(place.start + i), data_.target_cols, target_.row(i));
        return;
    }
    for (Index i = rows.begin; i < rows.end; ++i)
        label_[i] = data_.label[place.rows ? place.rows[i] : place.start + i];
}

// Σ w over the whole batch, by every worker for itself: ascending, in double.
template <class T>
double Step<T>::batch_weight(const BatchPlace& place) const {
    if (!data_.weight) return static_cast<double>(place.size);
    double sum = 0.0;
    for (Index i = 0; i < place.size; ++i) sum += data_.weight[place.rows ? place.rows[i] : place.start + i];
    return sum;
}

template <class T>
bool Step<T>::give_up(Poll* poll) {
    if (poll && poll->cancelled()) cancel_.store(true, std::memory_order_relaxed);
    return cancel_.load(std::memory_order_relaxed);
}

template <class T>
void Step<T>::rows_forward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll) {
    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        const Layer<T>& layer = *model_.layers()[l];
        const Below<T>& under = desk.below[l];
        if (layer.couples_rows()) {
            barrier.wait();
            layer.couple_forward(desk.pass, under, tapes_[l], share);
            barrier.wait();
        }
        if (!give_up(poll)) layer.forward(desk.pass, under, tapes_[l], rows);
    }
}

template <class T>
void Step<T>::rows_loss(const BatchPlace& place, double weight, Range rows) {
    if (rows.empty()) return;
    const LossSpec& spec = model_.spec().loss;
    const Tape<T>& top = tapes_.back();
    const ActivationOf<T>& activation = model_.layers().back()->activation();
    // A fused loss finds the logits where the outputs would be.
    LossArgs<T> a =
        loss_arguments<T>(spec, rows.size(), model_.spec().outputs(), {top.y.row(rows.begin), top.y.ld});
    if (data_.target) {
        a.target = target_.row(rows.begin);
        a.ldt = target_.ld;
    } else {
        a.label = label_ + rows.begin;
    }
    if (data_.weight) {
        for (Index i = rows.begin; i < rows.end; ++i) {
            const double w = data_.weight[place.rows ? place.rows[i] : place.start + i];
            row_scale_[i] = weight > 0.0 ? static_cast<T>(w / weight) : T(0);
        }
        a.row_scale = row_scale_ + rows.begin;
    }
    a.scale = static_cast<T>(1.0 / weight);
    a.row_loss = row_loss_ + rows.begin;
    a.d = top.d.row(rows.begin);
    a.ldd = top.d.ld;
    backend_.loss(spec.kind, a);
    if (!loss_is_fused(spec.kind)) backend_.activation_backward(top.d, top.saved, activation, rows, a.cols);
}

template <class T>
void Step<T>::rows_backward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll) {
    for (std::size_t l = tapes_.size(); l-- > 0;) {
        const Layer<T>& layer = *model_.layers()[l];
        const Below<T>& under = desk.below[l];
        if (layer.couples_rows()) {
            barrier.wait();
            layer.couple_backward(desk.pass, under, tapes_[l], share);
            barrier.wait();
        }
        if (!give_up(poll)) layer.backward(desk.pass, under, tapes_[l], rows);
    }
}

// Clip by the global norm as PyTorch does. Partial sums of fixed blocks, added in order: any number of
// workers.
template <class T>
double Step<T>::clip_scale(Share share, Barrier& barrier) {
    const double limit = model_.spec().optimizer.clip_norm;
    if (limit <= 0.0) return 1.0;
    barrier.wait();
    const Index n = optimizer_.size();
    const Index blocks = square_blocks(n);
    const Range mine = share.of(blocks);
    for (Index b = mine.begin; b < mine.end; ++b)
        block_squares_[b] =
            backend_.sum_squares(grads_ + b * kSquareBlock, std::min(kSquareBlock, n - b * kSquareBlock));
    barrier.wait();
    double total = 0.0;
    for (Index b = 0; b < blocks; ++b) total += block_squares_[b];
    const double scale = limit / (maths::sqrt(total) + 1e-6);
    return scale < 1.0 ? scale : 1.0;
}

template <class T>
StepOutcome Step<T>::run(const BatchPlace& place, Share share, Barrier& barrier, OptimizerClock& clock,
                         Poll* poll) {
    const bool lead = share.worker == 0;
    Poll* const ask = lead ? poll : nullptr;
    Desk& desk = desks_[static_cast<std::size_t>(share.worker)];
    desk.pass.epoch = place.epoch;
    desk.pass.step = place.step;
    desk.pass.batch = place.size;
    // A batch that is a run of the data set's rows is read where it lies.
    if (!place.rows) desk.below[0].x = {data_.x + place.start * data_.cols, data_.cols};
    const Range rows = share.of(place.size);
    const double weight = batch_weight(place);
    // The step's scalars, early: what is written long before it is read costs the update no wait.
    OptimizerClock ticked = clock;
    ticked.tick(model_.spec().optimizer);
    UpdateArgs<T> update = optimizer_.step_arguments(place.rate, ticked);
    gather(place, rows);
    rows_forward(desk, share, rows, barrier, ask);
    rows_loss(place, weight, rows);
    rows_backward(desk, share, rows, barrier, ask);
    barrier.wait();

    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        if (give_up(ask)) break;
        model_.layers()[l]->weight_gradient(desk.pass, desk.below[l], tapes_[l], share);
    }
    update.grad_scale = static_cast<T>(clip_scale(share, barrier));
    if (lead) {
        weight_ = weight;
        loss_ = data_.weight ? backend_.weighted_sum(row_loss_, row_scale_, place.size) * weight
                             : backend_.sum(row_loss_, place.size);
        const bool cancelled = cancel_.exchange(false, std::memory_order_relaxed);
        verdict_ = cancelled              ? StepOutcome::kCancelled
                   : std::isfinite(loss_) ? StepOutcome::kDone
                                          : StepOutcome::kDiverged;
        if (verdict_ == StepOutcome::kDone) clock = ticked;
    }
    barrier.wait();
    if (verdict_ != StepOutcome::kDone) return verdict_;

    if (!optimizer_.update(backend_, model_.params(), model_.copies(), grads_, update, share))
        overflow_.store(true, std::memory_order_relaxed);
    if (lead)
        for (std::size_t l = 0; l < tapes_.size(); ++l)
            model_.layers()[l]->end_step(desk.pass, tapes_[l], model_.params());
    return StepOutcome::kDone;
}

template class Step<float>;
template class Step<double>;

}  // namespace ds
