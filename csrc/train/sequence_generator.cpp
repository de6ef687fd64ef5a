#include "train/sequence_generator.h"

#include <algorithm>

namespace ds {

namespace {

// Rows of a matrix from one on.
template <class T>
Matrix<T> from_row(Matrix<T> m, Index row) {
    return {m.row(row), m.ld};
}

}  // namespace

template <class T>
SequenceGenerator<T>::SequenceGenerator(const GenModel<T>& model, const Backend<T>& backend, Index rows,
                                        bool training)
    : model_(model),
      spec_(model.spec()),
      backend_(backend),
      rows_(rows),
      total_(checked_mul(rows, model.spec().length)),
      training_(training),
      stack_(model.generator_body(), backend, training,
             {.numbered = true, .length = model.spec().length, .inputs = true}),
      chain_(model.generator()) {
    stack_.plan(rows_, total_);
    if (training_)
        chain_.plan(backend_, total_);
    else
        plans_ = InferencePlans<T>(model.generator(), backend_, total_);
    if (!spec_.texts()) return;
    const Index vocabulary = spec_.vocabulary, e = spec_.generator.stack.embedding;
    const Index ld = model_.generator_body().embedding_ld();
    soft_ = backend_.plan_forward(rows_, vocabulary, e, ld);
    if (!training_) return;
    fed_ = backend_.plan_backward_input(rows_, vocabulary, e, ld, true);
    table_weight_ = backend_.plan_backward_weight(total_, vocabulary, e, ld);
}

template <class T>
Index SequenceGenerator<T>::scratch() const {
    const Index head = training_ ? chain_.scratch() : plans_.scratch;
    const Index output = model_.output() ? model_.output()->scratch(made_) : 0;
    return std::max(
        {stack_.scratch(), head, output, soft_.scratch(), fed_.scratch(), table_weight_.scratch()});
}

template <class T>
void SequenceGenerator<T>::carve(Carver& carver) {
    const Index length = spec_.length;
    stack_.carve(carver, rows_, total_, length, true);
    numbers_ = carver.take<Index>(total_, 1);
    lengths_ = carver.take<Index>(rows_, 1);
    if (spec_.texts()) {
        before_ = carver.take<Index>(total_, 1);
        tokens_ = carver.take<Index>(total_, 1);
    }
    if (spec_.classes > 0) labels_ = carver.take<Index>(total_, 1);
    if (spec_.latent > 0) {
        latent_.ld = leading_dim<T>(spec_.latent);
        latent_.p = carver.take<T>(rows_, latent_.ld);
    }
    if (training_) {
        chain_.carve(carver, total_);
        if (model_.output()) model_.output()->carve(carver, total_, made_);
        return;
    }
    const Index ld = leading_dim<T>(spec_.data);
    chain_top_.y = {carver.take<T>(total_, ld), ld};
    made_.y = {carver.take<T>(total_, ld), ld};
    room_ = carver.take<T>(plans_.buffer(), 1);
}

template <class T>
void SequenceGenerator<T>::ready() {
    if (!training_) return;
    below_ = chain_.below({stack_.top(), stack_.top_gradient(), {}, {}});
    chain_top_ = chain_.top();
}

template <class T>
void SequenceGenerator<T>::place(const Index* lengths, Index count, bool taught) {
    taught_ = taught;
    const bool whole = spec_.texts() && !taught;
    for (Index i = 0; i < count; ++i) lengths_[i] = whole || spec_.stop >= 0 ? spec_.length : lengths[i];
    stack_.place(lengths_, count);
    stack_.each({0, layout().total},
                [&](Index i, Index row, Index t) { numbers_[i] = stack_.number(row) * spec_.length + t; });
}

// What every step sees besides the token before it: the sequence's latent, its own, and the label's vector.
template <class T>
void SequenceGenerator<T>::draw(const Pass<T>& pass, const std::int64_t* labels, Range packed) {
    const Matrix<T> x = stack_.x();
    const Index column = latent_column();
    for (Index i = packed.begin; i < packed.end; ++i) {
        const Index n = number(i);
        T* to = x.row(i) + column;
        if (spec_.latent > 0) to = std::copy_n(latent_.row(n), spec_.latent, to);
        if (spec_.step_latent > 0) {
            const RandomKey key{pass.seed, pass.epoch, pass.step, static_cast<std::uint32_t>(1 + step(i))};
            backend_.normal({to, x.ld}, Stream::kLatent, key, pass.first_row + n, {0, 1}, spec_.step_latent);
            to += spec_.step_latent;
        }
        if (!labels) continue;
        const Parameter& p = model_.embedding();
        labels_[i] = labels[n];
        std::copy_n(pass.params + p.offset + labels[n] * p.ld, p.cols, to);
    }
}

template <class T>
void SequenceGenerator<T>::head_forward(const Pass<T>& pass, Share share, Barrier& barrier, Range rows) {
    if (rows.empty()) return;
    const Layer<T>* output = model_.output();
    if (training_) {
        chain_.forward(pass, below_, share, rows, barrier);
        if (output && !taught_) output->forward(pass, {chain_top_.y, chain_top_.d, {}, {}}, made_, rows);
        return;
    }
    const Index n = rows.size();
    plans_.forward(model_.generator(), pass, room_, from_row(stack_.top(), rows.begin), n,
                   from_row(chain_top_.y, rows.begin));
    if (!output) return;
    Pass<T> of_rows = pass;
    of_rows.numbers = pass.numbers + rows.begin;
    output->infer(of_rows, from_row(Matrix<const T>(chain_top_.y), rows.begin), from_row(made_.y, rows.begin),
                  made_, n);
}

template <class T>
void SequenceGenerator<T>::make(Pass<T> pass, const std::int64_t* labels, Share share, Barrier& barrier) {
    const Range numbers = share.of(layout().rows), own = layout().own(share);
    if (spec_.latent > 0)
        backend_.normal(latent_, Stream::kLatent, {pass.seed, pass.epoch, pass.step, 0}, pass.first_row,
                        numbers, spec_.latent);
    barrier.wait();
    follow(pass);
    if (spec_.texts()) return make_text(pass, labels, share, barrier);
    const Range packed = share.of(layout().total);
    draw(pass, labels, packed);
    stack_.clear_states(own);
    stack_.forward(pass, share, barrier);
    head_forward(pass, share, barrier, packed);
}

// The vectors of the tokens before step t, of a worker's own sequences.
template <class T>
void SequenceGenerator<T>::feed(const Pass<T>& pass, Index t, Range own) {
    const Index n = layout().rows;
    const Range at = layout().at(t, own);
    const Index e = spec_.generator.stack.embedding;
    const Matrix<T> x = stack_.x();
    for (Index i = at.begin; i < at.end; ++i) before_[i] = t == 0 ? start() : tokens_[i - n];
    if (t == 0 || hard()) return backend_.gather(x, table(pass), before_, at, e);
    const LinearForward<T> op{.plan = &soft_,
                              .y = from_row(x, at.begin),
                              .x = from_row(Matrix<const T>(made_.y), at.begin - n),
                              .w = table(pass).p,
                              .ldw = table(pass).ld};
    backend_.linear_forward(op, {0, at.size()}, pass.worker);
}

template <class T>
void SequenceGenerator<T>::make_text(const Pass<T>& pass, const std::int64_t* labels, Share share,
                                     Barrier& barrier) {
    const Range own = layout().own(share);
    stack_.pack(pass, share);
    barrier.wait();
    stack_.clear_states(own);
    for (Index t = 0; t < layout().steps && !own.empty() && !pass.worker.halted(); ++t) {
        const Range at = layout().at(t, own);
        draw(pass, labels, at);
        feed(pass, t, own);
        stack_.forward_step(pass, t, own);
        head_forward(pass, share, barrier, at);
        for (Index i = at.begin; i < at.end; ++i)
            tokens_[i] = backend_.largest(made_.y.row(i), spec_.vocabulary);
    }
}

template <class T>
void SequenceGenerator<T>::head_backward(const Pass<T>& pass, Share share, Barrier& barrier, Range rows) {
    const Matrix<T> z = chain_top_.y, d = chain_top_.d;
    if (model_.output() && !taught_)
        model_.output()->backward(pass, {z, d, chain_top_.saved, chain_.last().activation()}, made_, rows);
    else if (!taught_)
        backend_.activation_backward(d, chain_top_.saved, chain_.last().activation(), rows, spec_.data);
    chain_.backward(pass, below_, share, rows, barrier);
}

template <class T>
void SequenceGenerator<T>::unmake(Pass<T> pass, Share share, Barrier& barrier) {
    follow(pass);
    if (!spec_.texts()) {
        head_backward(pass, share, barrier, share.of(layout().total));
        barrier.wait();
        return stack_.backward(pass, share, barrier, false);
    }
    const Range own = layout().own(share);
    const Index n = layout().rows;
    for (Index t = layout().steps; t-- > 0 && !own.empty() && !pass.worker.halted();) {
        head_backward(pass, share, barrier, layout().at(t, own));
        stack_.backward_step(pass, t, own);
        if (t == 0) continue;
        const LinearBackwardInput<T> op{.plan = &fed_,
                                        .dx = from_row(made_.d, (t - 1) * n),
                                        .dy = from_row(Matrix<const T>(stack_.dx()), t * n),
                                        .w = table(pass).p,
                                        .ldw = table(pass).ld,
                                        .accumulate = true};
        backend_.linear_backward_input(op, own, pass.worker);
    }
}

// Of the tables by packed rows ascending.
template <class T>
void SequenceGenerator<T>::weigh(Pass<T> pass, Share share) {
    follow(pass);
    chain_.weight_gradient(pass, below_, share);
    stack_.weight_gradient(pass, share, false);
    const Matrix<T> dx = stack_.dx();
    const auto add_up = [&](Matrix<T> to, Range rows, Range cols, Index column, const Index* index,
                            Index count) {
        for (Index r = rows.begin; r < rows.end; ++r) std::fill_n(to.row(r) + cols.begin, cols.size(), T(0));
        if (!cols.empty()) backend_.scatter_add(to, {dx.p + column, dx.ld}, index, count, cols);
    };
    if (spec_.classes > 0) {
        const Parameter& p = model_.embedding();
        const Index column = latent_column() + spec_.latent + spec_.step_latent;
        add_up({pass.grads + p.offset, p.ld}, {0, p.rows}, share.of(p.cols, 16), column, labels_,
               layout().total);
    }
    if (!spec_.texts()) return;
    const RecBody<T>& body = model_.generator_body();
    const Matrix<T> to{pass.grads + body.embedding(), body.embedding_ld()};
    const Index e = spec_.generator.stack.embedding, n = layout().rows;
    const bool soft = !taught_ && !hard();
    // Soft tokens' part of the table is a product; the start's row is summed either way.
    add_up(to, {soft ? start() : 0, start() + 1}, share.of(e, 16), 0, before_, soft ? n : layout().total);
    if (!soft || layout().steps < 2) return;
    const LinearBackwardWeight<T> op{.plan = &table_weight_,
                                     .dw = to,
                                     .dy = from_row(Matrix<const T>(dx), n),
                                     .x = made_.y,
                                     .inputs = spec_.vocabulary,
                                     .outputs = e,
                                     .batch = layout().total - n};
    backend_.linear_backward_weight(op, share, pass.worker);
}

template <class T>
void SequenceGenerator<T>::read(Pass<T> pass, const std::int64_t* labels, Share share, Barrier& barrier) {
    const Range numbers = share.of(layout().rows), packed = share.of(layout().total);
    if (spec_.latent > 0)
        backend_.normal(latent_, Stream::kLatent, {pass.seed, pass.epoch, pass.step, 0}, 0, numbers,
                        spec_.latent);
    barrier.wait();
    follow(pass);
    draw(pass, labels, packed);
    backend_.gather(stack_.x(), table(pass), before_, packed, spec_.generator.stack.embedding);
    stack_.clear_states(layout().own(share));
    stack_.forward(pass, share, barrier);
    head_forward(pass, share, barrier, packed);
}

template <class T>
void SequenceGenerator<T>::unread(Pass<T> pass, Share share, Barrier& barrier) {
    follow(pass);
    head_backward(pass, share, barrier, share.of(layout().total));
    barrier.wait();
    stack_.backward(pass, share, barrier, false);
}

template class SequenceGenerator<float>;
template class SequenceGenerator<double>;

}  // namespace ds
