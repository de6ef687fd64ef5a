#include "train/sequence_batch.h"

#include <algorithm>

namespace ds {

template <class T>
SequenceBatch<T>::SequenceBatch(GenModel<T>& model, const Backend<T>& backend,
                                const LabelledSequences<T>& data, Index batch, int workers)
    : GenBatch<T>(model, backend, batch, workers), data_(data), generator_(model, backend, batch, true) {
    const Index total = checked_mul(batch, spec_.length);
    const PenaltyPoints points = points_of(spec_.penalty);
    for (Index kind = 0; kind < this->rows_ / packs_; ++kind) {
        stacks_.push_back(std::make_unique<RecStack<T>>(model.discriminator_body(), backend, true,
                                                        RecStackOptions{.numbered = true,
                                                                        .first_number = kind * batch,
                                                                        .length = spec_.length,
                                                                        .bare_top = true,
                                                                        .inputs = true}));
        stacks_.back()->plan(batch, total);
        const bool penalised = kind >= points.first && kind < points.stop;
        moved_.push_back(penalised ? std::make_unique<RecTangents<T>>(*stacks_.back()) : nullptr);
    }
    if (spec_.texts()) {
        const Index e = width(), ld = model.discriminator_body().embedding_ld();
        soft_ = backend.plan_forward(total, spec_.vocabulary, e, ld);
        back_ = backend.plan_backward_input(total, spec_.vocabulary, e, ld, true);
        table_weight_ = backend.plan_backward_weight(total, spec_.vocabulary, e, ld);
    }
    Carver measure;
    carve(measure);
    room_ = Buffer<T>(measure.elements<T>());
    Carver carver(room_.data(), room_.bytes());
    carve(carver);
    generator_.ready();
    Index scratch = std::max({generator_.scratch(), corruption_.scratch(), soft_.scratch(), back_.scratch(),
                              table_weight_.scratch()});
    for (const auto& stack : stacks_) scratch = std::max(scratch, stack->scratch());
    this->equip(scratch);
}

template <class T>
void SequenceBatch<T>::carve(Carver& carver) {
    const Index total = batch_ * spec_.length;
    generator_.carve(carver);
    lengths_ = carver.take<Index>(batch_, 1);
    for (Index kind = 0; kind < kinds(); ++kind) {
        stack(kind).carve(carver, batch_, total, spec_.length, true);
        if (moved(kind)) moved(kind)->carve(carver);
        if (!spec_.texts()) continue;
        tokens_[kind] = carver.take<Index>(total, 1);
        if (moved(kind)) by_token_[kind] = this->matrix(carver, total, spec_.vocabulary);
    }
    if (spec_.texts()) {
        by_rows_ = this->matrix(carver, total, spec_.vocabulary);
        if (!spec_.outputs[0].hard) soft_rows_ = this->matrix(carver, total, spec_.vocabulary);
    }
    corruption_.carve(carver, 2 * total);
}

// One worker.
template <class T>
void SequenceBatch<T>::place(const BatchPlace& at) {
    for (Index i = 0; i < batch_; ++i)
        lengths_[i] = spec_.stop >= 0 ? spec_.length : data_.x.length[sequence(at, i)];
    generator_.place(lengths_, batch_);
    for (Index kind = 0; kind < kinds(); ++kind) stack(kind).place(lengths_, batch_);
}

template <class T>
void SequenceBatch<T>::make(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) {
    if (share.worker == 0) place(at);
    this->label(at, data_.label, share.of(batch_));
    barrier.wait();
    generator_.make(desk.generator, this->labels_, share, barrier);
    barrier.wait();
}

// Packed rows of the stacks are those of the generator, but for texts, whose generator runs all steps.
template <class T>
void SequenceBatch<T>::show(Desk& desk, const BatchPlace& at, double probability, Share share, bool real) {
    const Pass<T>& pass = desk.discriminator;
    RecStack<T>& made = stack(kMade);
    const Range packed = share.of(made.layout().total);
    if (spec_.texts()) return show_texts(pass, at, packed, real);
    const RandomKey key{pass.seed, pass.epoch, pass.step, 0};
    const Index total = made.layout().total;
    made.each(packed, [&](Index i, Index row, Index t) {
        const Index n = made.number(row) - batch_;
        const T* from[2] = {data_.x.values + (data_.x.start[sequence(at, n)] + t) * data_.x.cols,
                            generator_.made().row(i)};
        for (Index kind = real ? kReal : kMade; kind <= kMade; ++kind) {
            T* to = stack(kind).x().row(i);
            if (corruption_.on()) {
                corruption_.draw_step(backend_, key, probability, kind * batch_ + n, t, kind * total + i,
                                      desk.scratch);
                corruption_.forward(backend_, to, from[kind], kind * total + i);
            } else {
                std::copy_n(from[kind], spec_.data, to);
            }
        }
    });
}

template <class T>
void SequenceBatch<T>::show_texts(const Pass<T>& pass, const BatchPlace& at, Range packed, bool real) {
    RecStack<T>& made = stack(kMade);
    // The generator's steps are all of one length, and so in the sequences' order.
    const auto source = [&](Index n, Index t) { return t * layout().rows + n; };
    made.each(packed, [&](Index i, Index row, Index t) {
        const Index n = made.number(row) - batch_;
        if (real) tokens_[kReal][i] = data_.token(sequence(at, n), t, spec_.stop);
        tokens_[kMade][i] = generator_.tokens()[source(n, t)];
        if (soft_rows_) std::copy_n(generator_.made().row(source(n, t)), spec_.vocabulary, soft_rows_.row(i));
    });
    if (real) backend_.gather(stack(kReal).x(), table(pass), tokens_[kReal], packed, width());
    if (soft_rows_)
        vectors(pass, made.x(), soft_rows_, packed);
    else
        backend_.gather(made.x(), table(pass), tokens_[kMade], packed, width());
}

// Rows of tokens, soft ones, through the table.
template <class T>
void SequenceBatch<T>::vectors(const Pass<T>& pass, Matrix<T> to, Matrix<const T> rows, Range packed) const {
    const LinearForward<T> op{.plan = &soft_, .y = to, .x = rows, .w = table(pass).p, .ldw = table(pass).ld};
    backend_.linear_forward(op, packed, pass.worker);
}

// And the gradient by such rows from that by their vectors.
template <class T>
void SequenceBatch<T>::by_tokens(const Pass<T>& pass, Matrix<T> to, Matrix<const T> by_vectors,
                                 Range packed) const {
    const LinearBackwardInput<T> op{
        .plan = &back_, .dx = to, .dy = by_vectors, .w = table(pass).p, .ldw = table(pass).ld};
    backend_.linear_backward_input(op, packed, pass.worker);
}

template <class T>
void SequenceBatch<T>::mix(Desk& desk, Share share) {
    if (spec_.penalty != Penalty::kInterpolated) return;
    const Pass<T>& pass = desk.discriminator;
    RecStack<T>& mixed = stack(kMixed);
    mixed.each(share.of(mixed.layout().total), [&](Index i, Index row, Index) {
        const T part = this->share_of(pass, mixed.number(row) - kMixed * batch_);
        backend_.gan().mix(mixed.x().row(i), part, stack(kReal).x().row(i), stack(kMade).x().row(i),
                           spec_.data);
    });
}

template <class T>
void SequenceBatch<T>::read(Desk& desk, Share share, Barrier& barrier, Index first, Index stop) {
    for (Index kind = first; kind < stop; ++kind) {
        stack(kind).clear_states(stack(kind).layout().own(share));
        stack(kind).forward(desk.discriminator, share, barrier);
        barrier.wait();
        backend_.copy(part(features_, kind), stack(kind).top(), share.of(packs_), model_.features());
    }
    barrier.wait();
}

template <class T>
void SequenceBatch<T>::penalise(Desk& desk, Share share, Barrier& barrier) {
    for (Index kind = 0; kind < kinds(); ++kind)
        if (moved(kind)) penalise(desk, kind, share, barrier);
    barrier.wait();
}

// The slope by what one kind was shown, the penalty of each sequence, and the tangents along its slope.
template <class T>
void SequenceBatch<T>::penalise(Desk& desk, Index kind, Share share, Barrier& barrier) {
    const Pass<T>& pass = desk.tangents;
    const SequenceLayout& steps = stack(kind).layout();
    const Index point = kind * packs_ - this->first_point_;
    const Range packed = share.of(steps.total), own = steps.own(share);
    const bool texts = spec_.texts();
    moved(kind)->slopes(pass, {slopes_.row(point), slopes_.ld}, share, barrier);
    const Matrix<T> by_input = moved(kind)->slopes();
    if (texts) by_tokens(pass, by_token_[kind], by_input, packed);
    barrier.wait();
    const Matrix<T> g = texts ? by_token_[kind] : by_input,
                    v = texts ? by_token_[kind] : moved(kind)->inputs();
    const Index cols = spec_.data;
    for (Index row = own.begin; row < own.end; ++row) {
        T sum = T(0);
        for (Index t = 0; t < steps.length[row]; ++t) {
            const T* step = g.row(steps.offset[t] + row);
            sum += backend_.gan().dot(step, step, cols);
        }
        const PenaltyAt<T> at = this->penalty_of(sum);
        this->penalties_[point + stack(kind).number(row) - kind * batch_] = at.penalty;
        for (Index t = 0; t < steps.length[row]; ++t) {
            const Index i = steps.offset[t] + row;
            backend_.gan().scaled(v.row(i), at.slope, g.row(i), cols);
        }
    }
    barrier.wait();
    if (texts) vectors(pass, moved(kind)->inputs(), v, packed);
    moved(kind)->tangents(pass, share, barrier);
    const Matrix<T> to{features_.row(this->rows_ + point), features_.ld};
    backend_.copy(to, moved(kind)->pooled(), share.of(packs_), model_.features());
}

template <class T>
void SequenceBatch<T>::unread(Desk& desk, Share share, Barrier& barrier, bool penalised) {
    const Pass<T>& pass = desk.discriminator;
    for (Index kind = 0; kind < kinds(); ++kind) {
        if (kind == kMixed && !penalised) continue;
        const Matrix<T> d = part(by_features_, kind);
        if (penalised && moved(kind)) {
            moved(kind)->backward(pass, d, share, barrier);
        } else {
            backend_.copy(stack(kind).top_gradient(), d, share.of(packs_), model_.features());
            barrier.wait();
            stack(kind).backward(pass, share, barrier, false);
        }
        barrier.wait();
    }
}

template <class T>
void SequenceBatch<T>::weigh(Desk& desk, Share share, bool penalised) {
    const Pass<T>& pass = desk.discriminator;
    for (Index kind = 0; kind < kinds(); ++kind)
        if (kind != kMixed || penalised) stack(kind).weight_gradient(pass, share, kind > 0);
    for (Index kind = 0; kind < kinds() && penalised; ++kind)
        if (moved(kind)) moved(kind)->weight_gradient(pass, share);
    if (spec_.texts()) weigh_table(pass, share, penalised);
}

// Kind by kind, packed rows ascending; then what the tangents add. A worker has columns of its own.
template <class T>
void SequenceBatch<T>::weigh_table(const Pass<T>& pass, Share share, bool penalised) {
    const RecBody<T>& body = model_.discriminator_body();
    const Range cols = share.of(width(), 16);
    if (cols.empty()) return;
    const Matrix<T> to{pass.grads + body.embedding(), body.embedding_ld()};
    const Index total = stack(kReal).layout().total;
    const auto from_column = [&](Matrix<T> m) { return Matrix<T>{m.p + cols.begin, m.ld}; };
    const auto product = [&](Matrix<const T> rows, Matrix<T> by_vectors) {
        const LinearBackwardWeight<T> op{.plan = &table_weight_,
                                         .dw = from_column(to),
                                         .dy = from_column(by_vectors),
                                         .x = rows,
                                         .inputs = spec_.vocabulary,
                                         .outputs = cols.size(),
                                         .batch = total,
                                         .accumulate = true};
        backend_.linear_backward_weight(op, Share{}, pass.worker);
    };
    for (Index r = 0; r < spec_.vocabulary; ++r) std::fill_n(to.row(r) + cols.begin, cols.size(), T(0));
    backend_.scatter_add(to, stack(kReal).dx(), tokens_[kReal], total, cols);
    if (soft_rows_)
        product(soft_rows_, stack(kMade).dx());
    else
        backend_.scatter_add(to, stack(kMade).dx(), tokens_[kMade], total, cols);
    for (Index kind = 0; kind < kinds() && penalised; ++kind)
        if (moved(kind)) product(by_token_[kind], moved(kind)->slopes());
}

// From the gradient by the features of generated sequences to that by their steps, and through the generator.
template <class T>
void SequenceBatch<T>::unmake(Desk& desk, Share share, Barrier& barrier) {
    const Pass<T>& pass = desk.discriminator;
    RecStack<T>& made = stack(kMade);
    backend_.copy(made.top_gradient(), part(by_features_, kMade), share.of(packs_), model_.features());
    barrier.wait();
    made.backward(pass, share, barrier, false);
    barrier.wait();
    const Range packed = share.of(made.layout().total);
    const Matrix<T> by_made = generator_.by_made();
    if (spec_.texts()) {
        // What the generator made behind a text's length was not shown.
        const Range all = share.of(layout().total);
        for (Index i = all.begin; i < all.end; ++i) std::fill_n(by_made.row(i), spec_.data, T(0));
        by_tokens(pass, by_rows_, made.dx(), packed);
        barrier.wait();
    }
    made.each(packed, [&](Index i, Index row, Index t) {
        const Index n = made.number(row) - batch_;
        if (spec_.texts()) {
            std::copy_n(by_rows_.row(i), spec_.data, by_made.row(t * layout().rows + n));
        } else {
            std::copy_n(made.dx().row(i), spec_.data, by_made.row(i));
            if (!corruption_.on()) return;
            const Matrix<T> d{by_made.row(i), 0};
            backend_.multiply(d, d, {corruption_.factor(made.layout().total + i), 0}, {0, 1}, spec_.data);
        }
    });
    barrier.wait();
    generator_.unmake(desk.generator, share, barrier);
}

template <class T>
void SequenceBatch<T>::weigh_generator(Desk& desk, Share share) {
    generator_.weigh(desk.generator, share);
}

template class SequenceBatch<float>;
template class SequenceBatch<double>;

}  // namespace ds
