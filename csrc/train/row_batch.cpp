#include "train/row_batch.h"

#include <algorithm>

namespace ds {

template <class T>
RowBatch<T>::RowBatch(GenModel<T>& model, const Backend<T>& backend, const Dataset<T>& data, Index batch,
                      int workers)
    : GenBatch<T>(model, backend, batch, workers), data_(data), generator_(model.generator()) {
    generator_.plan(backend, batch);
    Carver measure;
    carve(measure);
    room_ = Buffer<T>(measure.elements<T>());
    Carver carver(room_.data(), room_.bytes());
    carve(carver);
    if (lends())
        generator_.lend_top({features_.row(packs_), features_.ld},
                            {this->by_features_.row(packs_), this->by_features_.ld});
    generator_below_ = generator_.below({latent_, by_latent_, {}, {}});
    this->equip(std::max(generator_.scratch(), corruption_.scratch()));
}

template <class T>
void RowBatch<T>::carve(Carver& carver) {
    latent_ = this->matrix(carver, this->batch_, model_.generator_inputs());
    if (spec_.classes > 0) by_latent_ = this->matrix(carver, this->batch_, model_.generator_inputs());
    corruption_.carve(carver, 2 * this->batch_);
    generator_.carve(carver, this->batch_);
}

template <class T>
void RowBatch<T>::make(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) {
    const Pass<T>& pass = desk.generator;
    const Range rows = made_in(this->packs_of(share));
    backend_.normal(latent_, Stream::kLatent, {pass.seed, pass.epoch, pass.step, 0}, 0, rows, spec_.latent);
    this->label(at, data_.label, rows);
    this->embed(pass, latent_, spec_.latent, rows);
    generator_.forward(pass, generator_below_, share, rows, barrier, {0, this->batch_});
}

// Training rows as they are; generated ones are where they are shown.
template <class T>
void RowBatch<T>::show_lent(const BatchPlace& at, Range rows) {
    if (at.rows)
        backend_.gather(features_, {data_.x, data_.cols}, at.rows, rows, spec_.data);
    else
        backend_.copy(features_, {data_.x + at.start * data_.cols, data_.cols}, rows, spec_.data);
}

template <class T>
void RowBatch<T>::show(Desk& desk, const BatchPlace& at, double probability, Share share, bool real) {
    const Pass<T>& pass = desk.discriminator;
    const Range rows = made_in(this->packs_of(share));
    if (lends()) {
        if (real) show_lent(at, rows);
        return;
    }
    const Matrix<T> made = generator_.top().y;
    const auto slot = [&](Index kind, Index i) {
        return features_.row(kind * packs_ + i / spec_.pack) + i % spec_.pack * spec_.data;
    };
    const auto put = [&](T* to, const T* from, Index row) {
        if (corruption_.on())
            corruption_.forward(backend_, to, from, row);
        else
            copy_row(to, from, spec_.data);
    };
    if (corruption_.on()) {
        const RandomKey key{pass.seed, pass.epoch, pass.step, 0};
        const Index n = this->batch_;
        if (real) corruption_.draw(backend_, key, probability, rows, desk.scratch);
        corruption_.draw(backend_, key, probability, {n + rows.begin, n + rows.end}, desk.scratch);
    }
    for (Index i = rows.begin; i < rows.end; ++i) {
        if (real) put(slot(kReal, i), data_.x + (at.rows ? at.rows[i] : at.start + i) * data_.cols, i);
        put(slot(kMade, i), made.row(i), this->batch_ + i);
    }
}

template <class T>
void RowBatch<T>::mix(Desk& desk, Share share) {
    if (spec_.penalty != Penalty::kInterpolated) return;
    const Pass<T>& pass = desk.discriminator;
    const Range packs = this->packs_of(share);
    for (Index r = packs.begin; r < packs.end; ++r)
        backend_.gan().mix(features_.row(kMixed * packs_ + r), this->share_of(pass, r), features_.row(r),
                           features_.row(packs_ + r), model_.features());
}

// The slopes are those by what is shown, and v is the tangents' input.
template <class T>
void RowBatch<T>::penalise(Desk&, Share share, Barrier&) {
    const Range points = share.of(this->points_, this->grain());
    const Index cols = model_.features();
    for (Index i = points.begin; i < points.end; ++i) {
        const T* g = this->slopes_.row(i);
        const PenaltyAt<T> at = this->penalty_of(backend_.gan().dot(g, g, cols));
        this->penalties_[i] = at.penalty;
        backend_.gan().scaled(features_.row(this->rows_ + i), at.slope, g, cols);
    }
}

// The gradient by what was shown as one by the generator's outputs.
template <class T>
void RowBatch<T>::take_gradient(Range rows) {
    const Tape<T>& top = generator_.top();
    for (Index i = rows.begin; i < rows.end; ++i) {
        const T* by_shown = this->by_features_.row(packs_ + i / spec_.pack) + i % spec_.pack * spec_.data;
        copy_row(top.d.row(i), by_shown, spec_.data);
        if (!corruption_.on()) continue;
        const Matrix<T> d{top.d.row(i), 0};
        backend_.multiply(d, d, {corruption_.factor(this->batch_ + i), 0}, {0, 1}, spec_.data);
    }
}

// From there to the gradient by the generator's last pre-activation, and on.
template <class T>
void RowBatch<T>::unmake(Desk& desk, Share share, Barrier& barrier) {
    const Tape<T>& top = generator_.top();
    const Range rows = made_in(this->packs_of(share));
    if (!lends()) take_gradient(rows);
    backend_.activation_backward(top.d, top.saved, generator_.last().activation(), rows, spec_.data);
    generator_.backward(desk.generator, generator_below_, share, rows, barrier, {0, this->batch_});
}

template <class T>
void RowBatch<T>::weigh_generator(Desk& desk, Share share) {
    generator_.weight_gradient(desk.generator, generator_below_, share);
    if (spec_.classes == 0) return;
    // Rows ascending, whatever worker has which columns.
    const Parameter& p = model_.embedding();
    const Range cols = share.of(p.cols, 16);
    if (cols.empty()) return;
    const Matrix<T> de{desk.generator.grads + p.offset, p.ld};
    for (Index c = 0; c < p.rows; ++c) std::fill_n(de.row(c) + cols.begin, cols.size(), T(0));
    backend_.scatter_add(de, {by_latent_.p + spec_.latent, by_latent_.ld}, this->labels_, this->batch_, cols);
}

template <class T>
void RowBatch<T>::end_generator(T* params) {
    generator_.end_step(this->desks_[0].generator, params);
}

template class RowBatch<float>;
template class RowBatch<double>;

}  // namespace ds
