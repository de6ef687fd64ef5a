#include "train/teach_step.h"

namespace ds {
namespace {

constexpr std::uint32_t kTaughtEpochs = std::uint32_t(1)
                                        << 31;  // where the numbers of taught epochs are drawn

}  // namespace

template <class T>
TeachStep<T>::TeachStep(GenModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                        const LabelledSequences<T>& data, Index batch, int workers)
    : Step<T>(model, backend, optimizer),
      spec_(model.spec()),
      data_(data),
      batch_(batch),
      generator_(model, backend, batch, true),
      passes_(static_cast<std::size_t>(workers)) {
    Carver measure;
    carve(measure);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver);
    generator_.ready();
    for (Pass<T>& pass : passes_) this->prepare(pass);
    this->clear_gradients();
    targets_.label = generator_.after();
}

template <class T>
void TeachStep<T>::carve(Carver& carver) {
    this->carve_gradients(carver);
    generator_.carve(carver);
    lengths_ = carver.take<Index>(batch_, 1);
    if (spec_.classes > 0) labels_ = carver.take<std::int64_t>(batch_, 1);
    targets_.row_loss = carver.take<T>(batch_ * spec_.length, 1);
    const Index scratch = generator_.scratch();
    for (Pass<T>& pass : passes_) pass.worker.scratch = carver.take<T>(scratch, 1);
}

template <class T>
bool TeachStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) {
    Pass<T>& pass = passes_[static_cast<std::size_t>(share.worker)];
    pass.worker.halt = halt;
    pass.epoch = kTaughtEpochs + place.epoch;
    pass.step = place.step;
    const auto sequence = [&place](Index i) { return place.rows ? place.rows[i] : place.start + i; };
    if (share.worker == 0) {
        for (Index i = 0; i < place.size; ++i) {
            lengths_[i] = data_.x.length[sequence(i)];
            if (labels_) labels_[i] = data_.label[sequence(i)];
        }
        generator_.place(lengths_, place.size, true);
    }
    barrier.wait();
    const Index total = generator_.layout().total;
    const Range packed = share.of(total);
    generator_.tell(packed, [&](Index i, Index t) { return data_.token(sequence(i), t, spec_.stop); });
    generator_.read(pass, labels_, share, barrier);
    LossSpec loss;
    loss.kind = Loss::kCrossEntropy;
    generator_.head().judge(backend_, loss, targets_, static_cast<double>(total), packed);
    generator_.unread(pass, share, barrier);
    barrier.wait();
    generator_.weigh(pass, share);
    return true;
}

template <class T>
void TeachStep<T>::batch_loss(const BatchPlace&, LossSum& sum) {
    const Index total = generator_.layout().total;
    sum = {backend_.sum(targets_.row_loss, total), static_cast<double>(total)};
}

template class TeachStep<float>;
template class TeachStep<double>;

}  // namespace ds
