#include "gen/generator_step.h"

#include <algorithm>

namespace ds {

template <class T>
GeneratorStep<T>::GeneratorStep(GenModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                                GenBatch<T>& batch, const OptimizerClock& discriminator)
    : Step<T>(model, device, optimizer), model_(model), batch_(batch), discriminator_(discriminator) {
    this->allocate_own_gradients();
}

template <class T>
bool GeneratorStep<T>::prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                                     StepParams<T>& params) {
    const GenSpec& spec = batch_.spec();
    if (discriminator_.steps % spec.discriminator.steps != 0) return false;
    params.weight = 0.0;
    // The decay of the moving average ramps up with the updates.
    const double t = static_cast<double>(clock.steps);
    params.one_minus_decay = static_cast<T>(1.0 - std::min(spec.ema_decay, (1.0 + t) / (10.0 + t)));
    is_new_ = !batch_.is_cached_for(mini_batch.epoch, latent_step(mini_batch));
    if (is_new_) batch_.prepare(mini_batch);
    batch_.mark_cached(mini_batch.epoch, latent_step(mini_batch));
    return true;
}

template <class T>
void GeneratorStep<T>::compute_gradients(const MiniBatch& mini_batch, const StepParams<T>*, Share share,
                                         Barrier& barrier, const StopToken* stop_token) {
    const GenSpec& spec = batch_.spec();
    WorkerContext& context = batch_.context(share);
    const Index n = batch_.pairs();
    if (is_new_) {
        batch_.set_step(context, mini_batch.epoch, latent_step(mini_batch), stop_token);
        batch_.generator_forward(context, mini_batch, share, barrier);
    }
    batch_.set_step(context, mini_batch.epoch, mini_batch.step, stop_token);
    const bool needs_real = traits_of(spec.loss).paired;
    if (is_new_ || batch_.input_is_stochastic())
        batch_.load_discriminator_input(context, mini_batch, &this->status_->gan.probability, share, barrier,
                                        needs_real);
    // The encoder divides sequences among the workers in another way than the dense layers.
    if (batch_.has_encoder()) {
        barrier.wait();
        batch_.encode(context, share, barrier, {needs_real ? kReal : kGenerated, kGenerated + 1});
    }
    const Range pairs = batch_.pairs_of(share), generated{n + pairs.begin, n + pairs.end};
    auto& dense = batch_.discriminator();
    const auto& layer_input = batch_.layer_input_with_gradient();
    const Range all_generated{n, 2 * n};
    if (needs_real) dense.forward(context.discriminator, layer_input, share, pairs, barrier, {0, n});
    dense.forward(context.discriminator, layer_input, share, generated, barrier, all_generated);
    loss_and_gradient(pairs);
    dense.backward(context.discriminator, layer_input, share, generated, barrier, all_generated);
    context.generator.grads = this->grads_;
    context.generator.by_rows = this->by_rows() && batch_.generator();
    if (batch_.has_encoder()) barrier.wait();
    batch_.generator_backward(context, share, barrier);
    barrier.wait();
    batch_.generator_weight_grad(context, share);
}

template <class T>
void GeneratorStep<T>::gradient_rows(const Parameter& p, Range rows, T* to,
                                     const PrefetchHint<T>& prefetch_hint, Share share) const {
    batch_.generator()->gradient_rows(batch_.context(share).generator, batch_.generator_layer_input(), p,
                                      rows, to, prefetch_hint);
}

template <class T>
void GeneratorStep<T>::loss_and_gradient(Range pairs) {
    if (pairs.empty()) return;
    const Index n = batch_.pairs();
    GanLossArgs<T> a;
    a.n = pairs.size();
    a.a = batch_.scores() + pairs.begin;
    a.b = batch_.scores() + n + pairs.begin;
    a.loss = batch_.losses() + pairs.begin;
    a.db = batch_.dscores() + n + pairs.begin;
    a.scale = static_cast<T>(1.0 / static_cast<double>(n));
    backend_.generator_loss(batch_.spec().loss, a);
    const LayerBuffers<T>& top = batch_.discriminator().top();
    backend_.activation_backward(top.d, top.saved, batch_.discriminator().last().activation(),
                                 {n + pairs.begin, n + pairs.end});
}

template <class T>
BatchLossArgs<T> GeneratorStep<T>::batch_loss(const MiniBatch&) const {
    return {.row_loss = batch_.losses(), .rows = batch_.pairs(), .mean = true, .is_auxiliary = true};
}

template <class T>
void GeneratorStep<T>::update_running_stats() {
    backend_.generator_tally(this->status_);
    batch_.update_generator_stats(model_.params(), this->status_);
}

// Exponential moving average of the weights; running statistics are copied.
template <class T>
void GeneratorStep<T>::after_update(Share share, const StepParams<T>* params_of_step) {
    const Index size = model_.part(Player::kGenerator).end;
    const ParameterTable& table = model_.table();
    T* params = model_.params();
    const Range range = share.of(size, 16);
    if (!range.empty())
        backend_.ema(params + table[model_.ema_pairs().front().second].offset + range.begin,
                     params + range.begin, range.size(), params_of_step, this->status_);
    if (share.worker != 0) return;
    for (const auto& [weight, average] : model_.ema_pairs())
        if (!table[weight].trainable())
            backend_.copy(table[average].view(params), table[weight].view(params), {0, table[weight].rows});
}

template class GeneratorStep<float>;
template class GeneratorStep<double>;

}  // namespace ds
