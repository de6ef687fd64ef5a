#include "train/gen_batch.h"

#include <algorithm>

namespace ds {

template <class T>
GenBatch<T>::GenBatch(GenModel<T>& model, const Backend<T>& backend, Index batch, int workers)
    : model_(model),
      spec_(model.spec()),
      backend_(backend),
      batch_(batch),
      packs_(batch / model.spec().pack),
      rows_((model.spec().penalty == Penalty::kInterpolated ? 3 : 2) * packs_),
      first_point_(points_of(model.spec().penalty).first * packs_),
      points_(points_of(model.spec().penalty).stop * packs_ - first_point_),
      discriminator_(model.discriminator()),
      tangents_(model.discriminator(), discriminator_),
      spectral_(model, backend),
      corruption_(model.spec()),
      desks_(static_cast<std::size_t>(workers)) {
    discriminator_.plan(backend, rows_ + points_);
    Carver measure;
    carve(measure);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver);
    if (points_ > 0) tangents_.place(rows_, first_point_, {features_.row(rows_), features_.ld}, slopes_);
    below_ = discriminator_.below({features_, {}, {}, {}});
    below_to_features_ = discriminator_.below({features_, by_features_, {}, {}});
}

template <class T>
void GenBatch<T>::carve(Carver& carver) {
    const Index width = model_.features();
    if (spec_.classes > 0) {
        labels_ = carver.take<std::int64_t>(batch_, 1);
        row_labels_ = carver.take<std::int64_t>(rows_ + points_, spec_.pack);
    }
    features_ = matrix(carver, rows_ + points_, width);
    by_features_ = matrix(carver, rows_, width);
    if (points_ > 0) slopes_ = matrix(carver, points_, width);
    losses_ = carver.take<T>(packs_, 1);
    penalties_ = carver.take<T>(std::max<Index>(points_, 1), 1);
    discriminator_.carve(carver, rows_ + points_);
    if (points_ > 0) tangents_.carve(carver, points_);
}

template <class T>
void GenBatch<T>::equip(Index scratch) {
    const Index each = checked_round_up(std::max(scratch, discriminator_.scratch()), kAlignment);
    scratch_ = Buffer<T>(checked_mul(each, static_cast<Index>(desks_.size())));
    for (std::size_t w = 0; w < desks_.size(); ++w) {
        Desk& desk = desks_[w];
        desk.scratch = scratch_.data() + static_cast<Index>(w) * each;
        Pass<T> pass;
        pass.backend = &backend_;
        pass.params = model_.params();
        pass.copies = model_.copies();
        pass.worker.scratch = desk.scratch;
        pass.seed = spec_.seed;
        pass.batch = batch_;
        desk.generator = pass;
        pass.params = spectral_.params();
        pass.copies = spectral_.copies();
        pass.batch = rows_;
        pass.labels = row_labels_;
        desk.discriminator = pass;
        pass.labels = row_labels_ ? row_labels_ + rows_ * spec_.pack : nullptr;
        desk.tangents = pass;
    }
}

template <class T>
void GenBatch<T>::place(Desk& desk, std::uint32_t epoch, std::uint32_t step, const Halt* halt) const {
    for (Pass<T>* pass : {&desk.generator, &desk.discriminator, &desk.tangents}) {
        pass->epoch = epoch;
        pass->step = step;
        pass->worker.halt = halt;
    }
}

template <class T>
PenaltyAt<T> GenBatch<T>::penalty_of(T squares) const {
    const auto weight = static_cast<T>(spec_.penalty_weight * static_cast<double>(spec_.penalty_every) /
                                       static_cast<double>(packs_));
    const GanKernels<T>& k = backend_.gan();
    return (spec_.penalty == Penalty::kInterpolated ? k.one_centred : k.zero_centred)(squares, weight);
}

template <class T>
T GenBatch<T>::share_of(const Pass<T>& pass, Index number) const {
    T share;
    backend_.uniform({&share, 1}, Stream::kMix, {pass.seed, pass.epoch, pass.step, 0}, number, {0, 1}, 1);
    return share;
}

template <class T>
void GenBatch<T>::label(const BatchPlace& at, const std::int64_t* labels, Range rows) {
    if (spec_.classes == 0) return;
    for (Index i = rows.begin; i < rows.end; ++i) labels_[i] = labels[at.rows ? at.rows[i] : at.start + i];
    for (Index kind = 0; kind < rows_ + points_; kind += packs_)
        std::copy(labels_ + rows.begin, labels_ + rows.end, row_labels_ + kind * spec_.pack + rows.begin);
}

// The vectors of the rows' labels, from a column on.
template <class T>
void GenBatch<T>::embed(const Pass<T>& pass, Matrix<T> to, Index column, Range rows) const {
    if (spec_.classes == 0) return;
    const Parameter& table = model_.embedding();
    for (Index i = rows.begin; i < rows.end; ++i)
        std::copy_n(pass.params + table.offset + labels_[i] * table.ld, table.cols, to.row(i) + column);
}

template class GenBatch<float>;
template class GenBatch<double>;

}  // namespace ds
