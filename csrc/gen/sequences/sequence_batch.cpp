#include "gen/sequences/sequence_batch.h"

#include <algorithm>

namespace ds {

template <class T>
SequenceBatch<T>::SequenceBatch(GenModel<T>& model, const Device<T>& device, const LabelledSequences<T>& data,
                                Index batch, int workers)
    : GenBatch<T>(model, device, batch, workers),
      data_(data),
      generator_(model, device.backend, batch, true),
      lengths_(batch) {
    const Index total = checked_mul(batch, spec_.steps);
    source_.resize(total);
    if (spec_.texts()) data_tokens_.resize(total);
    for (Index i = 0; i < data.x.count; ++i)
        data_rows_ = std::max(data_rows_, data.x.start[i] + data.x.length[i]);
    const PenaltyRows penalty_rows = penalty_rows_of(spec_.penalty.kind);
    for (Index kind = 0; kind < this->rows_ / pairs_; ++kind) {
        stacks_.push_back(std::make_unique<RecStack<T>>(model.discriminator_body(), backend_, true,
                                                        RecStackOptions{.numbered = true,
                                                                        .first_number = kind * batch,
                                                                        .length = spec_.steps,
                                                                        .no_top_dropout = true,
                                                                        .external_inputs = true}));
        stacks_.back()->plan(batch, total);
        const bool with_penalty = kind >= penalty_rows.first && kind < penalty_rows.stop;
        rec_tangents_.push_back(with_penalty ? std::make_unique<RecTangents<T>>(*stacks_.back()) : nullptr);
    }
    if (spec_.texts()) {
        const Index e = input_width(), ld = model.discriminator_body().embedding_ld();
        embed_plan_ = backend_.plan_forward(total, spec_.vocabulary, e, ld);
        embed_backward_plan_ = backend_.plan_backward_input(total, spec_.vocabulary, e, ld, true);
        table_weight_plan_ = backend_.plan_backward_weight(total, spec_.vocabulary, e, ld);
    }
    memory_ = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner); });
    generator_.bind_buffers();
    Index scratchpad_size =
        std::max({generator_.scratchpad_size(), embed_plan_.scratchpad_size(),
                  embed_backward_plan_.scratchpad_size(), table_weight_plan_.scratchpad_size()});
    for (const auto& stack : stacks_) scratchpad_size = std::max(scratchpad_size, stack->scratchpad_size());
    this->allocate_contexts(scratchpad_size);
}

template <class T>
void SequenceBatch<T>::allocate_buffers(ArenaPlanner& planner) {
    const Index total = batch_ * spec_.steps;
    generator_.allocate_buffers(planner);
    for (Index kind = 0; kind < kinds(); ++kind) {
        stack(kind).allocate_buffers(planner, batch_, total, spec_.steps, true);
        if (rec_tangents(kind)) rec_tangents(kind)->allocate_buffers(planner);
        if (!spec_.texts()) continue;
        tokens_[kind] = planner.allocate<Index>(total, 1);
        if (rec_tangents(kind)) token_gradient_[kind] = planner.matrix<T>(total, spec_.vocabulary);
    }
    if (spec_.texts()) {
        dtokens_ = planner.matrix<T>(total, spec_.vocabulary);
        if (!spec_.output_blocks[0].hard) soft_tokens_ = planner.matrix<T>(total, spec_.vocabulary);
    }
    input_noise_.allocate_buffers(planner, total, batch_);
}

template <class T>
void SequenceBatch<T>::prepare(const MiniBatch& mini_batch) {
    for (Index i = 0; i < batch_; ++i)
        lengths_[i] = spec_.eos_token >= 0 ? spec_.steps : data_.x.length[mini_batch.row(i)];
    generator_.set_lengths(lengths_.data(), batch_);
    for (Index kind = 0; kind < kinds(); ++kind) stack(kind).set_batch(lengths_.data(), batch_);
    const RecStack<T>& real = stack(kReal);
    real.each({0, real.layout().total}, [&](Index i, Index row, Index t) {
        const Index n = real.number(row);
        // The generator's texts have equal lengths, so its packing keeps their order.
        source_[i] = spec_.texts() ? t * layout().rows + n : data_.x.start[mini_batch.row(n)] + t;
    });
}

template <class T>
void SequenceBatch<T>::generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                                         Barrier& barrier) {
    this->gather_labels(mini_batch, data_.label, share.of(batch_));
    barrier.wait();
    generator_.forward(context.generator, this->labels_, share, barrier);
    barrier.wait();
}

// The choices of a sequence and its scale hold for all its steps.
template <class T>
void SequenceBatch<T>::draw_noise(const ExecContext<T>& exec, const double* probability, Share share,
                                  Barrier& barrier, Range kinds) {
    const RandomKey key{exec.seed, exec.epoch, exec.step, 0};
    const SequenceLayout& steps = stack(kGenerated).layout();
    for (Index kind = kinds.begin; kind < kinds.end; ++kind) {
        input_noise_.draw_choices(backend_, kind, {key, 0, stack(kind).numbers()}, share.of(steps.rows));
        input_noise_.draw_sizes(backend_, kind, {key, 0, stack(kind).step_numbers(), spec_.steps},
                                share.of(steps.total));
    }
    barrier.wait();
    for (Index kind = kinds.begin; kind < kinds.end; ++kind)
        input_noise_.augment(backend_, kind, probability, stack(kind).step_rows(), share.of(steps.total));
}

// The stacks and a generator of features pack their rows alike. A generator of texts always runs all steps.
template <class T>
void SequenceBatch<T>::load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                                const double* probability, Share share, Barrier& barrier,
                                                bool with_real) {
    const ExecContext<T>& exec = context.discriminator;
    const Range packed = share.of(stack(kGenerated).layout().total);
    if (spec_.texts()) return load_tokens(exec, mini_batch, packed, with_real);
    const Matrix<T> real = stack(kReal).x(), generated = stack(kGenerated).x();
    if (with_real) backend_.gather(real, {data_.x.values, data_rows_, data_.x.cols}, source_.data(), packed);
    if (!input_noise_.on()) return backend_.copy(generated, generator_.output(), packed);
    const Range kinds{with_real ? kReal : kGenerated, kGenerated + 1};
    draw_noise(exec, probability, share, barrier, kinds);
    for (Index kind = kinds.begin; kind < kinds.end; ++kind)
        backend_.scale_shift(stack(kind).x(), kind == kReal ? real : generator_.output(),
                             input_noise_.factor(kind), input_noise_.shift(kind), packed);
}

template <class T>
void SequenceBatch<T>::load_tokens(const ExecContext<T>& exec, const MiniBatch& mini_batch, Range packed,
                                   bool with_real) {
    RecStack<T>& generated = stack(kGenerated);
    if (with_real) {
        stack(kReal).each(packed, [&](Index i, Index row, Index t) {
            data_tokens_[i] = data_.token(mini_batch.row(stack(kReal).number(row)), t, spec_.eos_token);
        });
        backend_.gather(tokens_[kReal], data_tokens_.data(), nullptr, packed);
    }
    backend_.gather(tokens_[kGenerated], generator_.tokens(), source_.data(), packed);
    if (soft_tokens_) backend_.gather(soft_tokens_, generator_.output(), source_.data(), packed);
    if (with_real) backend_.gather(stack(kReal).x(), token_table(exec), tokens_[kReal], packed);
    if (soft_tokens_)
        embed_soft_tokens(exec, generated.x(), soft_tokens_, packed);
    else
        backend_.gather(generated.x(), token_table(exec), tokens_[kGenerated], packed);
}

// Soft tokens times the embedding table.
template <class T>
void SequenceBatch<T>::embed_soft_tokens(const ExecContext<T>& exec, Matrix<T> to, Matrix<const T> rows,
                                         Range packed) const {
    const LinearForward<T> op{
        .plan = &embed_plan_, .y = to, .x = rows, .w = token_table(exec).p, .ldw = token_table(exec).ld};
    backend_.linear_forward(op, packed, exec.worker);
}

// The gradient with respect to soft tokens, from that of their embeddings.
template <class T>
void SequenceBatch<T>::embed_soft_tokens_backward(const ExecContext<T>& exec, Matrix<T> to,
                                                  Matrix<const T> dembedded, Range packed) const {
    const LinearBackwardInput<T> op{.plan = &embed_backward_plan_,
                                    .dx = to,
                                    .dy = dembedded,
                                    .w = token_table(exec).p,
                                    .ldw = token_table(exec).ld};
    backend_.linear_backward_input(op, packed, exec.worker);
}

template <class T>
void SequenceBatch<T>::interpolate_rows(WorkerContext& context, Share share, Barrier& barrier) {
    if (spec_.penalty.kind != Penalty::kInterpolated) return;
    const RecStack<T>& interpolated = stack(kInterpolated);
    this->draw_interpolation_weights(context.discriminator, interpolated.numbers(), -kInterpolated * batch_,
                                     share.of(interpolated.layout().rows));
    barrier.wait();
    backend_.lerp(interpolated.x(), this->interpolation_weights_, interpolated.step_rows(), stack(kReal).x(),
                  stack(kGenerated).x(), share.of(interpolated.layout().total));
}

template <class T>
void SequenceBatch<T>::encode(WorkerContext& context, Share share, Barrier& barrier, Range kinds) {
    for (Index kind = kinds.begin; kind < kinds.end; ++kind) {
        stack(kind).clear_states(stack(kind).layout().rows_of(share));
        stack(kind).forward(context.discriminator, share, barrier);
        barrier.wait();
        backend_.copy(kind_rows(features_, kind), stack(kind).top(), share.of(pairs_));
    }
    barrier.wait();
}

template <class T>
void SequenceBatch<T>::gradient_penalty(WorkerContext& context, Share share, Barrier& barrier) {
    for (Index kind = 0; kind < kinds(); ++kind)
        if (rec_tangents(kind)) gradient_penalty(context, kind, share, barrier);
    barrier.wait();
}

// For one kind: the input gradient, the penalty of each sequence, and the tangents along the penalty's
// derivative.
template <class T>
void SequenceBatch<T>::gradient_penalty(WorkerContext& context, Index kind, Share share, Barrier& barrier) {
    const ExecContext<T>& exec = context.tangents;
    const SequenceLayout& steps = stack(kind).layout();
    const Index penalty_row = kind * pairs_ - this->first_penalty_row_;
    const Range packed = share.of(steps.total), own = steps.rows_of(share);
    const bool texts = spec_.texts();
    rec_tangents(kind)->input_gradient(exec, input_gradient_.rows_from(penalty_row), share, barrier);
    const Matrix<T> dx = rec_tangents(kind)->input_gradient();
    if (texts) embed_soft_tokens_backward(exec, token_gradient_[kind], dx, packed);
    barrier.wait();
    const Matrix<T> g = texts ? token_gradient_[kind] : dx,
                    v = texts ? token_gradient_[kind] : rec_tangents(kind)->inputs();
    PenaltyArgs<T> a = this->penalty_arguments();
    a.rows = own;
    a.dg = v;
    a.g = g;
    a.penalty = this->penalties_ + penalty_row;
    a.position = stack(kind).numbers();
    a.first = kind * batch_;
    a.length = steps.length;
    a.offset = steps.offset;
    backend_.gradient_penalty(a);
    barrier.wait();
    if (texts) embed_soft_tokens(exec, rec_tangents(kind)->inputs(), v, packed);
    rec_tangents(kind)->forward_tangents(exec, share, barrier);
    const Matrix<T> to = features_.rows_from(this->rows_ + penalty_row);
    backend_.copy(to, rec_tangents(kind)->pooled(), share.of(pairs_));
}

template <class T>
void SequenceBatch<T>::encode_backward(WorkerContext& context, Share share, Barrier& barrier,
                                       bool with_penalty) {
    const ExecContext<T>& exec = context.discriminator;
    for (Index kind = 0; kind < kinds(); ++kind) {
        if (kind == kInterpolated && !with_penalty) continue;
        const Matrix<T> d = kind_rows(dfeatures_, kind);
        if (with_penalty && rec_tangents(kind)) {
            rec_tangents(kind)->backward(exec, d, share, barrier);
        } else {
            backend_.copy(stack(kind).top_gradient(), d, share.of(pairs_));
            barrier.wait();
            stack(kind).backward(exec, share, barrier, false);
        }
        barrier.wait();
    }
}

template <class T>
void SequenceBatch<T>::encode_weight_grad(WorkerContext& context, Share share, bool with_penalty) {
    const ExecContext<T>& exec = context.discriminator;
    for (Index kind = 0; kind < kinds(); ++kind)
        if (kind != kInterpolated || with_penalty) stack(kind).weight_gradient(exec, share, kind > 0);
    for (Index kind = 0; kind < kinds() && with_penalty; ++kind)
        if (rec_tangents(kind)) rec_tangents(kind)->weight_gradient(exec, share);
    if (spec_.texts()) table_weight_grad(exec, share, with_penalty);
}

// Sums over the kinds in order, packed rows ascending, then adds the tangents' part. Each worker has its own
// columns.
template <class T>
void SequenceBatch<T>::table_weight_grad(const ExecContext<T>& exec, Share share, bool with_penalty) {
    const RecBody<T>& body = model_.discriminator_body();
    const Range cols = share.of(input_width(), 16);
    if (cols.empty()) return;
    const Matrix<T> to = body.table(exec.grads);
    const Index total = stack(kReal).layout().total;
    const auto from_column = [&](Matrix<T> m) { return m.col_slice(cols); };
    const auto product = [&](Matrix<const T> rows, Matrix<T> dembedded) {
        const LinearBackwardWeight<T> op{.plan = &table_weight_plan_,
                                         .dw = from_column(to),
                                         .dy = from_column(dembedded),
                                         .x = rows,
                                         .inputs = spec_.vocabulary,
                                         .outputs = cols.size(),
                                         .batch = total,
                                         .accumulate = true};
        backend_.linear_backward_weight(op, Share{}, exec.worker);
    };
    backend_.fill(to.col_slice(cols), T(0), {0, spec_.vocabulary});
    backend_.scatter_add(to.col_slice(cols), stack(kReal).dx().block({0, total}, cols), tokens_[kReal]);
    if (soft_tokens_)
        product(soft_tokens_, stack(kGenerated).dx());
    else
        backend_.scatter_add(to.col_slice(cols), stack(kGenerated).dx().block({0, total}, cols),
                             tokens_[kGenerated]);
    for (Index kind = 0; kind < kinds() && with_penalty; ++kind)
        if (rec_tangents(kind)) product(token_gradient_[kind], rec_tangents(kind)->input_gradient());
}

template <class T>
void SequenceBatch<T>::generator_backward(WorkerContext& context, Share share, Barrier& barrier) {
    const ExecContext<T>& exec = context.discriminator;
    RecStack<T>& generated = stack(kGenerated);
    backend_.copy(generated.top_gradient(), kind_rows(dfeatures_, kGenerated), share.of(pairs_));
    barrier.wait();
    generated.backward(exec, share, barrier, false);
    barrier.wait();
    const Range packed = share.of(generated.layout().total);
    const Matrix<T> doutput = generator_.doutput();
    if (spec_.texts()) {
        // The discriminator did not see the steps beyond a text's length.
        backend_.fill(doutput, T(0), share.of(layout().total));
        embed_soft_tokens_backward(exec, dtokens_, generated.dx(), packed);
        barrier.wait();
        backend_.scatter(doutput, dtokens_, source_.data(), packed);
    } else if (input_noise_.on()) {
        backend_.multiply(doutput, generated.dx(), input_noise_.factor(kGenerated), packed);
    } else {
        backend_.copy(doutput, generated.dx(), packed);
    }
    barrier.wait();
    generator_.backward(context.generator, share, barrier);
}

template <class T>
void SequenceBatch<T>::generator_weight_grad(WorkerContext& context, Share share) {
    generator_.weight_gradient(context.generator, share);
}

template class SequenceBatch<float>;
template class SequenceBatch<double>;

}  // namespace ds
