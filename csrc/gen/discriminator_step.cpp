#include "gen/discriminator_step.h"

namespace ds {

template <class T>
DiscriminatorStep<T>::DiscriminatorStep(GenModel<T>& model, const Device<T>& device,
                                        OptimizerState<T>& optimizer, GenBatch<T>& batch,
                                        const OptimizerClock& clock, GanState& state)
    : Step<T>(model, device, optimizer), batch_(batch), clock_(clock), state_(state) {
    this->allocate_own_gradients();
}

template <class T>
bool DiscriminatorStep<T>::compute_gradients(const MiniBatch& mini_batch, Share share, Barrier& barrier,
                                             const StopToken* stop_token) {
    const GenSpec& spec = batch_.spec();
    auto& context = batch_.context(share);
    auto& dense = batch_.discriminator();
    const bool with_penalty = batch_.penalty_rows() > 0 && clock_.steps % spec.penalty.interval == 0;
    // Only the penalty uses interpolated rows.
    const Index all_rows = with_penalty ? batch_.rows() : 2 * batch_.pairs();
    batch_.set_step(context, mini_batch.epoch, mini_batch.step, stop_token);
    context.discriminator.grads = this->grads_;
    context.discriminator.by_rows = !needs_all_gradients();
    context.discriminator.tangents = with_penalty ? batch_.penalty_rows() : 0;
    context.discriminator.batch = all_rows;
    if (share.worker == 0) with_penalty_ = with_penalty;

    batch_.generator_forward(context, mini_batch, share, barrier);
    batch_.load_discriminator_input(context, mini_batch, state_.probability, share, barrier, true);
    if (with_penalty) batch_.interpolate_rows(context, share, barrier);
    if (share.worker == 0 && !context.generator.worker.stop_requested())
        batch_.mark_cached(mini_batch.epoch, mini_batch.step);
    barrier.wait();
    batch_.encode(context, share, barrier, {kReal, all_rows / batch_.pairs()});
    const Range rows = share.of(all_rows, batch_.grain());
    dense.forward(context.discriminator, batch_.layer_input(), share, rows, barrier, {0, all_rows});
    barrier.wait();
    loss_and_gradient(share.of(batch_.pairs()), all_rows);
    if (with_penalty) {
        const Range penalty_rows = share.of(batch_.penalty_rows(), batch_.grain());
        batch_.tangents().input_gradient(context.tangents, penalty_rows);
        batch_.gradient_penalty(context, share, barrier);
        batch_.tangents().forward_tangents(context.tangents, penalty_rows);
    }
    barrier.wait();
    if (with_penalty)
        batch_.tangents().backward(context.discriminator, batch_.layer_input(), rows,
                                   {0, batch_.penalty_rows()});
    else
        dense.backward(context.discriminator, batch_.layer_input(), share, rows, barrier, {0, all_rows});
    barrier.wait();
    batch_.encode_backward(context, share, barrier, with_penalty);
    dense.weight_gradient(context.discriminator, batch_.layer_input(), share);
    batch_.encode_weight_grad(context, share, with_penalty);
    if (batch_.spectral_norm().on()) {
        barrier.wait();
        if (share.worker == 0) batch_.spectral_norm().backward(this->grads_);
    }
    return true;
}

template <class T>
void DiscriminatorStep<T>::gradient_rows(const Parameter& p, Range rows, T* to,
                                         const PrefetchHint<T>& prefetch_hint, Share share) const {
    batch_.discriminator().gradient_rows(batch_.context(share).discriminator, batch_.layer_input(), p, rows,
                                         to, prefetch_hint);
}

// Losses of some pairs and their gradients with respect to the scores, which are 0 for interpolated rows.
template <class T>
void DiscriminatorStep<T>::loss_and_gradient(Range pairs, Index all_rows) {
    const Index n = batch_.pairs();
    GanLossArgs<T> a;
    a.n = pairs.size();
    a.a = batch_.scores() + pairs.begin;
    a.b = batch_.scores() + n + pairs.begin;
    a.loss = batch_.losses() + pairs.begin;
    a.da = batch_.dscores() + pairs.begin;
    a.db = batch_.dscores() + n + pairs.begin;
    a.scale = static_cast<T>(1.0 / static_cast<double>(n));
    backend_.discriminator_loss(batch_.spec().loss, a);
    const LayerBuffers<T>& top = batch_.discriminator().top();
    const ActivationOf<T> act = batch_.discriminator().last().activation();
    for (Index kind = 0; kind < all_rows; kind += n) {
        const Range rows{kind + pairs.begin, kind + pairs.end};
        if (kind == 2 * n)
            backend_.fill(top.d, T(0), rows);
        else
            backend_.activation_backward(top.d, top.saved, act, rows);
    }
}

template <class T>
void DiscriminatorStep<T>::batch_loss(const MiniBatch&, LossSum& sum) {
    const Index n = batch_.pairs();
    penalty_ = with_penalty_ ? backend_.sum(batch_.penalties(), batch_.penalty_rows()) : 0.0;
    sum = {backend_.sum(batch_.losses(), n) / static_cast<double>(n), 1.0, penalty_};
}

template <class T>
void DiscriminatorStep<T>::update_running_stats() {
    const Index n = batch_.pairs();
    const T *a = batch_.scores(), *b = a + n;
    ++state_.batches;
    state_.penalty += penalty_;
    state_.real_score += backend_.sum(a, n) / static_cast<double>(n);
    state_.fake_score += backend_.sum(b, n) / static_cast<double>(n);
    if (batch_.spec().augmentation.target <= 0.0) return;
    double signs = 0.0;
    for (Index i = 0; i < n; ++i) signs += a[i] > b[i] ? 1.0 : a[i] < b[i] ? -1.0 : 0.0;
    update_augmentation(batch_.spec().augmentation, state_, signs, n);
}

template <class T>
void DiscriminatorStep<T>::after_update(Share share, const OptimizerClock&) {
    if (share.worker == 0) batch_.spectral_norm().power_iteration(this->model_.params());
}

template class DiscriminatorStep<float>;
template class DiscriminatorStep<double>;

}  // namespace ds
