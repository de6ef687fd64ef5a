#include "train/gen_batch.h"

#include <algorithm>

namespace ds {

template <class T>
GenBatch<T>::GenBatch(GenModel<T>& model, const Backend<T>& backend, const Dataset<T>& data, Index batch,
                      int workers)
    : model_(model),
      spec_(model.spec()),
      backend_(backend),
      data_(data),
      batch_(batch),
      packs_(batch / spec_.pack),
      rows_((spec_.penalty == Penalty::kInterpolated ? 3 : 2) * packs_),
      first_point_(points_of(spec_.penalty).first * packs_),
      points_(points_of(spec_.penalty).stop * packs_ - first_point_),
      generator_(model.generator()),
      discriminator_(model.discriminator()),
      tangents_(model.discriminator(), discriminator_),
      spectral_(model, backend),
      corruption_(spec_) {
    generator_.plan(backend, batch_);
    discriminator_.plan(backend, rows_ + points_);
    desks_.resize(static_cast<std::size_t>(workers));
    Carver measure;
    carve(measure);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver);
    if (points_ > 0) tangents_.place(rows_, first_point_, {shown_.row(rows_), shown_.ld}, slopes_);
    generator_below_ = generator_.below({latent_, by_latent_, {}, {}});
    below_ = discriminator_.below({shown_, {}, {}, {}});
    below_to_input_ = discriminator_.below({shown_, by_shown_, {}, {}});
    for (Desk& desk : desks_) {
        Pass<T> pass;
        pass.backend = &backend_;
        pass.params = model_.params();
        pass.copies = model_.copies();
        pass.scratch = desk.scratch;
        pass.seed = spec_.seed;
        pass.batch = batch_;
        desk.generator = pass;
        pass.params = spectral_.params();
        pass.copies = spectral_.copies();
        pass.batch = rows_;
        pass.labels = row_labels_;
        desk.discriminator = pass;
        pass.labels = row_labels_ + rows_ * spec_.pack;
        desk.tangents = pass;
    }
}

template <class T>
void GenBatch<T>::carve(Carver& carver) {
    const auto matrix = [&carver](Index rows, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(rows, ld), ld};
    };
    const Index width = model_.discriminator_inputs();
    latent_ = matrix(batch_, model_.generator_inputs());
    if (spec_.classes > 0) {
        by_latent_ = matrix(batch_, model_.generator_inputs());
        labels_ = carver.take<std::int64_t>(batch_, 1);
        row_labels_ = carver.take<std::int64_t>(rows_ + points_, spec_.pack);
    }
    shown_ = matrix(rows_ + points_, width);
    by_shown_ = matrix(rows_, width);
    if (points_ > 0) slopes_ = matrix(points_, width);
    losses_ = carver.take<T>(packs_, 1);
    unused_ = carver.take<T>(packs_, 1);
    penalties_ = carver.take<T>(std::max<Index>(points_, 1), 1);
    corruption_.carve(carver, 2 * batch_);
    generator_.carve(carver, batch_);
    discriminator_.carve(carver, rows_ + points_);
    if (points_ > 0) tangents_.carve(carver, points_);
    const Index scratch = std::max({generator_.scratch(), discriminator_.scratch(), corruption_.scratch()});
    for (Desk& desk : desks_) desk.scratch = carver.take<T>(scratch, 1);
}

template <class T>
void GenBatch<T>::place(Desk& desk, std::uint32_t epoch, std::uint32_t step) const {
    for (Pass<T>* pass : {&desk.generator, &desk.discriminator, &desk.tangents}) {
        pass->epoch = epoch;
        pass->step = step;
    }
}

template <class T>
void GenBatch<T>::generate(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) {
    const Pass<T>& pass = desk.generator;
    const Range packs = packs_of(share), rows = made_in(packs);
    backend_.normal(latent_, Stream::kLatent, {pass.seed, pass.epoch, pass.step, 0}, 0, rows, spec_.latent);
    if (spec_.classes > 0) {
        const Parameter& table = model_.embedding();
        for (Index i = rows.begin; i < rows.end; ++i) {
            labels_[i] = data_.label[at.rows ? at.rows[i] : at.start + i];
            std::copy_n(pass.params + table.offset + labels_[i] * table.ld, table.cols,
                        latent_.row(i) + spec_.latent);
        }
        // The same for every kind of rows, and for the tangents.
        for (Index kind = 0; kind < rows_ + points_; kind += packs_)
            std::copy(labels_ + rows.begin, labels_ + rows.end, row_labels_ + kind * spec_.pack + rows.begin);
    }
    generator_.forward(pass, generator_below_, share, rows, barrier, [] { return false; });
}

template <class T>
void GenBatch<T>::show(Desk& desk, const BatchPlace& at, double probability, Range packs, bool real) {
    const Pass<T>& pass = desk.discriminator;
    const Range rows = made_in(packs);
    const Matrix<T> made = generator_.top().y;
    const auto slot = [&](Index kind, Index i) {
        return shown_.row(kind * packs_ + i / spec_.pack) + i % spec_.pack * spec_.data;
    };
    const auto put = [&](T* to, const T* from, Index row) {
        if (corruption_.on())
            corruption_.forward(backend_, to, from, row);
        else
            std::copy_n(from, spec_.data, to);
    };
    if (corruption_.on()) {
        const RandomKey key{pass.seed, pass.epoch, pass.step, 0};
        if (real) corruption_.draw(backend_, key, probability, rows, desk.scratch);
        corruption_.draw(backend_, key, probability, {batch_ + rows.begin, batch_ + rows.end}, desk.scratch);
    }
    for (Index i = rows.begin; i < rows.end; ++i) {
        if (real) put(slot(0, i), data_.x + (at.rows ? at.rows[i] : at.start + i) * data_.cols, i);
        put(slot(1, i), made.row(i), batch_ + i);
    }
}

template <class T>
void GenBatch<T>::mix(Desk& desk, Range packs) {
    if (spec_.penalty != Penalty::kInterpolated) return;
    const Pass<T>& pass = desk.discriminator;
    const Matrix<T> shares{unused_, 1};
    backend_.uniform(shares, Stream::kMix, {pass.seed, pass.epoch, pass.step, 0}, 0, packs, 1);
    for (Index r = packs.begin; r < packs.end; ++r)
        backend_.gan().mix(shown_.row(2 * packs_ + r), unused_[r], shown_.row(r), shown_.row(packs_ + r),
                           model_.discriminator_inputs());
}

template class GenBatch<float>;
template class GenBatch<double>;

}  // namespace ds
