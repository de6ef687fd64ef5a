#include "train/discriminator_step.h"

namespace ds {

template <class T>
DiscriminatorStep<T>::DiscriminatorStep(GenModel<T>& model, const Backend<T>& backend,
                                        OptimizerState<T>& optimizer, GenBatch<T>& batch,
                                        const OptimizerClock& clock, AdversaryState& state)
    : Step<T>(model, backend, optimizer), batch_(batch), clock_(clock), state_(state) {
    this->own_gradients();
}

template <class T>
bool DiscriminatorStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) {
    const GenSpec& spec = batch_.spec();
    auto& desk = batch_.desk(share);
    auto& dense = batch_.discriminator();
    const bool penalised = batch_.points() > 0 && clock_.steps % spec.penalty_every == 0;
    // Mixed rows are there for the penalty alone.
    const Index all = penalised ? batch_.rows() : 2 * batch_.packs();
    batch_.place(desk, place.epoch, place.step, halt);
    desk.discriminator.grads = this->grads_;
    desk.discriminator.by_rows = !seen_whole();
    desk.discriminator.tangents = penalised ? batch_.points() : 0;
    desk.discriminator.batch = all;
    if (share.worker == 0) penalised_ = penalised;

    batch_.make(desk, place, share, barrier);
    batch_.show(desk, place, state_.probability, share, true);
    if (penalised) batch_.mix(desk, share);
    if (share.worker == 0 && !desk.generator.worker.halted()) batch_.note_made(place.epoch, place.step);
    barrier.wait();
    batch_.read(desk, share, barrier, kReal, all / batch_.packs());
    const Range rows = share.of(all, batch_.grain());
    dense.forward(desk.discriminator, batch_.below(), share, rows, barrier, {0, all});
    barrier.wait();
    judge(share.of(batch_.packs()), all);
    if (penalised) {
        const Range points = share.of(batch_.points(), batch_.grain());
        batch_.tangents().slopes(desk.tangents, points);
        batch_.penalise(desk, share, barrier);
        batch_.tangents().tangents(desk.tangents, points);
    }
    barrier.wait();
    if (penalised)
        batch_.tangents().backward(desk.discriminator, batch_.below(), rows, {0, batch_.points()});
    else
        dense.backward(desk.discriminator, batch_.below(), share, rows, barrier, {0, all});
    barrier.wait();
    batch_.unread(desk, share, barrier, penalised);
    dense.weight_gradient(desk.discriminator, batch_.below(), share);
    batch_.weigh(desk, share, penalised);
    if (batch_.spectral().on()) {
        barrier.wait();
        if (share.worker == 0) batch_.spectral().through(this->grads_);
    }
    return true;
}

template <class T>
void DiscriminatorStep<T>::make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted,
                                Share share) const {
    batch_.discriminator().make(batch_.desk(share).discriminator, batch_.below(), p, rows, to, wanted);
}

// The losses of some pairs, and the gradients by both rows' scores; mixed rows have none.
template <class T>
void DiscriminatorStep<T>::judge(Range pairs, Index all) {
    const Index n = batch_.packs();
    GanLossArgs<T> a;
    a.n = pairs.size();
    a.a = batch_.scores() + pairs.begin;
    a.b = batch_.scores() + n + pairs.begin;
    a.loss = batch_.losses() + pairs.begin;
    a.da = batch_.by_scores() + pairs.begin;
    a.db = batch_.by_scores() + n + pairs.begin;
    a.scale = static_cast<T>(1.0 / static_cast<double>(n));
    backend_.gan().discriminator[static_cast<int>(batch_.spec().loss)](a);
    const Tape<T>& top = batch_.discriminator().top();
    const ActivationOf<T> act = batch_.discriminator().last().activation();
    for (Index kind = 0; kind < all; kind += n) {
        const Range rows{kind + pairs.begin, kind + pairs.end};
        if (kind == 2 * n)
            for (Index i = rows.begin; i < rows.end; ++i) top.d.row(i)[0] = T(0);
        else
            backend_.activation_backward(top.d, top.saved, act, rows, 1);
    }
}

template <class T>
void DiscriminatorStep<T>::batch_loss(const BatchPlace&, LossSum& sum) {
    const Index n = batch_.packs();
    penalty_ = penalised_ ? backend_.sum(batch_.penalties(), batch_.points()) : 0.0;
    sum = {backend_.sum(batch_.losses(), n) / static_cast<double>(n), 1.0, penalty_};
}

template <class T>
void DiscriminatorStep<T>::end_step() {
    const Index n = batch_.packs();
    const T *a = batch_.scores(), *b = a + n;
    ++state_.batches;
    state_.penalty += penalty_;
    state_.real_score += backend_.sum(a, n) / static_cast<double>(n);
    state_.fake_score += backend_.sum(b, n) / static_cast<double>(n);
    if (batch_.spec().augment.target <= 0.0) return;
    double signs = 0.0;
    for (Index i = 0; i < n; ++i) signs += a[i] > b[i] ? 1.0 : a[i] < b[i] ? -1.0 : 0.0;
    state_.observe(batch_.spec().augment, signs, n);
}

template <class T>
void DiscriminatorStep<T>::settle(Share share, const OptimizerClock&) {
    if (share.worker == 0) batch_.spectral().turn(this->model_.params());
}

template class DiscriminatorStep<float>;
template class DiscriminatorStep<double>;

}  // namespace ds
