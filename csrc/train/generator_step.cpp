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
    Carver measure;
    this->carve_gradients(measure);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    this->carve_gradients(carver);
    this->clear_gradients();
}

template <class T>
bool GeneratorStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, Poll* poll) {
    const GenSpec& spec = batch_.spec();
    if (discriminator_.steps % spec.discriminator.steps != 0) return false;
    Desk& desk = batch_.desk(share);
    const auto stop = [this, poll] { return this->give_up(poll); };
    const Range packs = batch_.packs_of(share);
    const Index n = batch_.packs();
    const auto update = static_cast<std::uint32_t>(place.piece - 1);
    // The first update's rows are drawn at the place of the discriminator's, wherever they are made.
    const std::uint32_t drawn = update == 0 ? place.step - 1 : place.step;
    const bool anew = !batch_.made_at(place.epoch, drawn);
    if (anew) {
        batch_.place(desk, place.epoch, drawn);
        batch_.generate(desk, place, share, barrier);
    }
    batch_.place(desk, place.epoch, place.step);
    const bool pairs = spec.loss == GanLoss::kRelativistic;
    if (anew || batch_.corruption().on()) batch_.show(desk, place, state_.probability, packs, pairs);
    const Range made{n + packs.begin, n + packs.end};
    auto& judge_chain = batch_.discriminator();
    if (pairs) judge_chain.forward(desk.discriminator, batch_.below_to_input(), share, packs, barrier, stop);
    judge_chain.forward(desk.discriminator, batch_.below_to_input(), share, made, barrier, stop);
    judge(packs);
    judge_chain.backward(desk.discriminator, batch_.below_to_input(), share, made, barrier, stop);
    to_rows(packs);
    desk.generator.grads = this->grads_;
    batch_.generator().backward(desk.generator, batch_.generator_below(), share, batch_.made_in(packs),
                                barrier, stop);
    barrier.wait();
    if (share.worker == 0) batch_.note_made(place.epoch, drawn);
    batch_.generator().weight_gradient(desk.generator, batch_.generator_below(), share, stop);
    if (spec.classes > 0) embedding_gradient(desk, share);
    return true;
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

// From the gradient by what was shown to that by the generator's last pre-activation.
template <class T>
void GeneratorStep<T>::to_rows(Range packs) {
    const GenSpec& spec = batch_.spec();
    const Tape<T>& top = batch_.generator().top();
    const Range rows = batch_.made_in(packs);
    for (Index i = rows.begin; i < rows.end; ++i) {
        const T* by_shown = batch_.by_shown().row(batch_.packs() + i / spec.pack) + i % spec.pack * spec.data;
        std::copy_n(by_shown, spec.data, top.d.row(i));
    }
    if (batch_.corruption().on())
        for (Index i = rows.begin; i < rows.end; ++i) {
            const Matrix<const T> factor{batch_.corruption().factor(batch_.size() + i), 0};
            const Matrix<T> d{top.d.row(i), 0};
            backend_.multiply(d, d, factor, {0, 1}, spec.data);
        }
    backend_.activation_backward(top.d, top.saved, batch_.generator().last().activation(), rows, spec.data);
}

// Rows ascending, whatever worker has which columns.
template <class T>
void GeneratorStep<T>::embedding_gradient(const Desk& desk, Share share) {
    const GenSpec& spec = batch_.spec();
    const Parameter& p = model_.embedding();
    const Range cols = share.of(p.cols, 16);
    if (cols.empty()) return;
    const Matrix<T> de{desk.generator.grads + p.offset, p.ld};
    for (Index c = 0; c < p.rows; ++c) std::fill_n(de.row(c) + cols.begin, cols.size(), T(0));
    const Matrix<T> by_latent = batch_.by_latent();
    backend_.scatter_add(de, {by_latent.p + spec.latent, by_latent.ld}, batch_.labels(), batch_.size(), cols);
}

template <class T>
LossSum GeneratorStep<T>::batch_loss(const BatchPlace&) {
    const Index n = batch_.packs();
    loss_ = backend_.sum(batch_.losses(), n) / static_cast<double>(n);
    return {0.0, 0.0, loss_};
}

template <class T>
void GeneratorStep<T>::end_step() {
    ++state_.turns;
    state_.generator_loss += loss_;
    batch_.generator().end_step(batch_.desk({}).generator, model_.params());
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
