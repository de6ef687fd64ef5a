#include "train/generator_step.h"

#include <algorithm>

namespace ds {

template <class T>
GeneratorStep<T>::GeneratorStep(GenModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                                GenBatch<T>& batch, const OptimizerClock& discriminator,
                                AdversaryState& state)
    : Step<T>(model, backend, optimizer),
      model_(model),
      batch_(batch),
      discriminator_(discriminator),
      state_(state) {
    this->own_gradients();
}

template <class T>
bool GeneratorStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) {
    const GenSpec& spec = batch_.spec();
    if (discriminator_.steps % spec.discriminator.steps != 0) return false;
    Desk& desk = batch_.desk(share);
    const Index n = batch_.packs();
    const auto update = static_cast<std::uint32_t>(place.piece - 1);
    // The first update's rows are drawn at the place of the discriminator's, wherever they are made.
    const std::uint32_t drawn = update == 0 ? place.step - 1 : place.step;
    const bool anew = !batch_.made_at(place.epoch, drawn);
    if (anew) {
        batch_.place(desk, place.epoch, drawn, halt);
        batch_.make(desk, place, share, barrier);
    }
    batch_.place(desk, place.epoch, place.step, halt);
    const bool pairs = spec.loss == GanLoss::kRelativistic;
    if (anew || batch_.shows_anew()) batch_.show(desk, place, state_.probability, share, pairs);
    // What lies below the dense layers has other shares than these.
    if (batch_.reads()) {
        barrier.wait();
        batch_.read(desk, share, barrier, pairs ? kReal : kMade, kMade + 1);
    }
    const Range packs = batch_.packs_of(share), made{n + packs.begin, n + packs.end};
    auto& dense = batch_.discriminator();
    const auto& below = batch_.below_to_features();
    const Range all_made{n, 2 * n};
    if (pairs) dense.forward(desk.discriminator, below, share, packs, barrier, {0, n});
    dense.forward(desk.discriminator, below, share, made, barrier, all_made);
    judge(packs);
    dense.backward(desk.discriminator, below, share, made, barrier, all_made);
    desk.generator.grads = this->grads_;
    desk.generator.by_rows = this->by_rows() && batch_.generator();
    if (batch_.reads()) barrier.wait();
    batch_.unmake(desk, share, barrier);
    barrier.wait();
    if (share.worker == 0 && !desk.generator.worker.halted()) batch_.note_made(place.epoch, drawn);
    batch_.weigh_generator(desk, share);
    return true;
}

template <class T>
void GeneratorStep<T>::make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted,
                            Share share) const {
    batch_.generator()->make(batch_.desk(share).generator, batch_.generator_below(), p, rows, to, wanted);
}

template <class T>
void GeneratorStep<T>::judge(Range packs) {
    if (packs.empty()) return;
    const Index n = batch_.packs();
    GanLossArgs<T> a;
    a.n = packs.size();
    a.a = batch_.scores() + packs.begin;
    a.b = batch_.scores() + n + packs.begin;
    a.loss = batch_.losses() + packs.begin;
    a.db = batch_.by_scores() + n + packs.begin;
    a.scale = static_cast<T>(1.0 / static_cast<double>(n));
    backend_.gan().generator[static_cast<int>(batch_.spec().loss)](a);
    const Tape<T>& top = batch_.discriminator().top();
    backend_.activation_backward(top.d, top.saved, batch_.discriminator().last().activation(),
                                 {n + packs.begin, n + packs.end}, 1);
}

template <class T>
void GeneratorStep<T>::batch_loss(const BatchPlace&, LossSum& sum) {
    const Index n = batch_.packs();
    loss_ = backend_.sum(batch_.losses(), n) / static_cast<double>(n);
    sum = {0.0, 0.0, loss_};
}

template <class T>
void GeneratorStep<T>::end_step() {
    ++state_.turns;
    state_.generator_loss += loss_;
    batch_.end_generator(model_.params());
}

// The moving average, whose memory grows with the number of updates; running statistics are copied.
template <class T>
void GeneratorStep<T>::settle(Share share, const OptimizerClock& clock) {
    const double t = static_cast<double>(clock.steps);
    const double keep = std::min(batch_.spec().average, (1.0 + t) / (10.0 + t));
    const Index size = model_.part(1).end;
    const ParameterTable& table = model_.table();
    T* params = model_.params();
    const Range mine = share.of(size, 16);
    if (!mine.empty())
        backend_.gan().follow(params + table[model_.averages().front().second].offset + mine.begin,
                              params + mine.begin, mine.size(), static_cast<T>(1.0 - keep));
    if (share.worker != 0) return;
    for (const auto& [own, average] : model_.averages())
        if (!table[own].trainable())
            std::copy_n(params + table[own].offset, table[own].span(), params + table[average].offset);
}

template class GeneratorStep<float>;
template class GeneratorStep<double>;

}  // namespace ds
