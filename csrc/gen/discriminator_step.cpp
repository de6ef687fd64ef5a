#include "gen/discriminator_step.h"

namespace ds {

template <class T>
DiscriminatorStep<T>::DiscriminatorStep(GenModel<T>& model, const Device<T>& device,
                                        OptimizerState<T>& optimizer, GenBatch<T>& batch)
    : Step<T>(model, device, optimizer), batch_(batch) {
    this->allocate_own_gradients();
}

template <class T>
bool DiscriminatorStep<T>::prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                                         StepParams<T>& params) {
    const Index updates = clock.steps - 1;  // before this one
    with_penalty_ = batch_.penalty_rows() > 0 && updates % batch_.spec().penalty.interval == 0;
    params.weight = 1.0;
    batch_.prepare(mini_batch);
    batch_.mark_cached(mini_batch.epoch, mini_batch.step);
    return true;
}

template <class T>
void DiscriminatorStep<T>::compute_gradients(const MiniBatch& mini_batch, const StepParams<T>*, Share share,
                                             Barrier& barrier, const StopToken* stop_token) {
    auto& context = batch_.context(share);
    auto& dense = batch_.discriminator();
    const bool with_penalty = with_penalty_;
    // Only the penalty uses interpolated rows.
    const Index all_rows = with_penalty ? batch_.rows() : 2 * batch_.pairs();
    batch_.set_step(context, mini_batch.epoch, mini_batch.step, stop_token);
    context.discriminator.grads = this->grads_;
    context.discriminator.by_rows = !needs_all_gradients();
    context.discriminator.tangents = with_penalty ? batch_.penalty_rows() : 0;
    context.discriminator.batch = all_rows;

    batch_.generator_forward(context, mini_batch, share, barrier);
    batch_.load_discriminator_input(context, mini_batch, &this->status_->gan.probability, share, barrier,
                                    true);
    if (with_penalty) batch_.interpolate_rows(context, share, barrier);
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
BatchLossArgs<T> DiscriminatorStep<T>::batch_loss(const MiniBatch&) const {
    return {.row_loss = batch_.losses(),
            .rows = batch_.pairs(),
            .mean = true,
            .penalty = batch_.penalties(),
            .penalties = with_penalty_ ? batch_.penalty_rows() : 0};
}

template <class T>
void DiscriminatorStep<T>::update_running_stats() {
    const AugmentSpec& augment = batch_.spec().augmentation;
    backend_.discriminator_tally({.status = this->status_,
                                  .score = batch_.scores(),
                                  .pairs = batch_.pairs(),
                                  .target = augment.target,
                                  .interval = augment.interval,
                                  .rows = augment.rows,
                                  .limit = augment.limit});
}

template <class T>
void DiscriminatorStep<T>::after_update(Share share, const StepParams<T>*) {
    if (share.worker == 0) batch_.spectral_norm().power_iteration(this->model_.params(), this->status_);
}

template class DiscriminatorStep<float>;
template class DiscriminatorStep<double>;

}  // namespace ds
