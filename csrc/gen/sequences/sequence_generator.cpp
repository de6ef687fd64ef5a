#include "gen/sequences/sequence_generator.h"

#include <algorithm>

namespace ds {

template <class T>
SequenceGenerator<T>::SequenceGenerator(const GenModel<T>& model, const Backend<T>& backend, Index rows,
                                        bool training)
    : model_(model),
      spec_(model.spec()),
      backend_(backend),
      rows_(rows),
      total_(checked_mul(rows, model.spec().steps)),
      training_(training),
      stack_(model.generator_body(), backend, training,
             {.numbered = true, .length = model.spec().steps, .external_inputs = true}),
      sequential_(model.generator()),
      lengths_(rows) {
    stack_.plan(rows_, total_);
    if (training_)
        sequential_.plan(backend_, total_);
    else
        plans_ = InferencePlans<T>(model.generator(), backend_, total_);
    if (!spec_.texts()) return;
    const Index vocabulary = spec_.vocabulary, e = spec_.generator.stack.embedding_size;
    const Index ld = model_.generator_body().embedding_ld();
    embed_plan_ = backend_.plan_forward(rows_, vocabulary, e, ld);
    if (!training_) return;
    feedback_plan_ = backend_.plan_backward_input(rows_, vocabulary, e, ld, true);
    table_weight_plan_ = backend_.plan_backward_weight(total_, vocabulary, e, ld);
}

template <class T>
Index SequenceGenerator<T>::scratchpad_size() const {
    const Index head = training_ ? sequential_.scratchpad_size() : plans_.layer_scratchpad_size;
    const Index output = model_.output() ? model_.output()->scratchpad_size(output_) : 0;
    return std::max({stack_.scratchpad_size(), head, output, embed_plan_.scratchpad_size(),
                     feedback_plan_.scratchpad_size(), table_weight_plan_.scratchpad_size()});
}

template <class T>
void SequenceGenerator<T>::allocate_buffers(ArenaPlanner& planner) {
    const Index length = spec_.steps;
    stack_.allocate_buffers(planner, rows_, total_, length, true);
    if (spec_.texts()) {
        previous_tokens_ = planner.allocate<Index>(total_, 1);
        tokens_ = planner.allocate<Index>(total_, 1);
    }
    if (spec_.classes > 0) labels_ = planner.allocate<Index>(total_, 1);
    if (spec_.latent_size > 0) latent_ = planner.matrix<T>(rows_, spec_.latent_size);
    if (training_) {
        sequential_.allocate_buffers(planner, total_);
        if (model_.output()) model_.output()->allocate_buffers(planner, total_, output_);
        return;
    }
    sequential_top_.y = planner.matrix<T>(total_, spec_.data_size);
    output_.y = planner.matrix<T>(total_, spec_.data_size);
    scratchpad_ = planner.allocate<T>(plans_.scratchpad_size(), 1);
}

template <class T>
void SequenceGenerator<T>::bind_buffers() {
    if (!training_) return;
    layer_input_ = sequential_.layer_input({stack_.top(), stack_.top_gradient(), {}, {}});
    sequential_top_ = sequential_.top();
}

template <class T>
void SequenceGenerator<T>::set_lengths(const Index* lengths, Index count) {
    pretraining_ = false;
    set_batch_lengths(lengths, count, spec_.texts() || spec_.eos_token >= 0);
}

template <class T>
void SequenceGenerator<T>::set_pretrain_lengths(const Index* lengths, Index count) {
    pretraining_ = true;
    set_batch_lengths(lengths, count, spec_.eos_token >= 0);
}

template <class T>
void SequenceGenerator<T>::set_batch_lengths(const Index* lengths, Index count, bool has_full_length) {
    for (Index i = 0; i < count; ++i) lengths_[i] = has_full_length ? spec_.steps : lengths[i];
    stack_.set_batch(lengths_.data(), count);
}

template <class T>
void SequenceGenerator<T>::draw_latents(const ExecContext<T>& exec, Share share) {
    if (spec_.latent_size == 0) return;
    const RandomKey key{exec.seed, exec.epoch, exec.step, rng_streams::kRowLatent};
    backend_.normal(latent_, RngPurpose::kLatent, {key, exec.first_row}, share.of(layout().rows));
}

// Writes the inputs of each step except the previous token: the sequence's latent, the step's latent, the
// label.
template <class T>
void SequenceGenerator<T>::write_step_inputs(const ExecContext<T>& exec, const std::int64_t* labels,
                                             Range packed) {
    const Matrix<T> x = stack_.x();
    const Index column = latent_column(), step_column = column + spec_.latent_size;
    const RandomKey key{exec.seed, exec.epoch, exec.step, rng_streams::kStepLatent};
    backend_.normal(x.col_slice({step_column, step_column + spec_.step_latent_size}), RngPurpose::kLatent,
                    {key, exec.first_row, stack_.step_numbers(), spec_.steps}, packed);
    if (spec_.latent_size > 0)
        backend_.gather(x.col_slice({column, step_column}), latent_, stack_.step_positions(), packed);
    if (!labels) return;
    const Parameter& p = model_.embedding();
    const Index label_column = step_column + spec_.step_latent_size;
    backend_.gather(labels_, labels, stack_.step_positions(), packed);
    backend_.gather(x.col_slice({label_column, label_column + p.cols}), p.view<const T>(exec.params), labels_,
                    packed);
}

template <class T>
void SequenceGenerator<T>::head_forward(const ExecContext<T>& exec, Share share, Barrier& barrier,
                                        Range rows) {
    if (rows.empty()) return;
    const Layer<T>* output = model_.output();
    if (training_) {
        sequential_.forward(exec, layer_input_, share, rows, barrier);
        if (output && !pretraining_)
            output->forward(exec, {sequential_top_.y, sequential_top_.d, {}, {}}, output_, rows);
        return;
    }
    const Index n = rows.size();
    plans_.forward(model_.generator(), exec, scratchpad_, stack_.top().rows_from(rows.begin), n,
                   sequential_top_.y.rows_from(rows.begin));
    if (!output) return;
    ExecContext<T> of_rows = exec;
    of_rows.numbers = exec.numbers + rows.begin;
    output->infer(of_rows, sequential_top_.y.rows_from(rows.begin), output_.y.rows_from(rows.begin), output_,
                  n);
}

template <class T>
void SequenceGenerator<T>::forward(ExecContext<T> exec, const std::int64_t* labels, Share share,
                                   Barrier& barrier) {
    const Range sequences = layout().rows_of(share);
    draw_latents(exec, share);
    barrier.wait();
    set_row_numbers(exec);
    if (spec_.texts()) return forward_text(exec, labels, share, barrier);
    const Range packed = share.of(layout().total);
    write_step_inputs(exec, labels, packed);
    stack_.clear_states(sequences);
    stack_.forward(exec, share, barrier);
    head_forward(exec, share, barrier, packed);
}

// Writes the embeddings of the tokens before step t, for a worker's own sequences.
template <class T>
void SequenceGenerator<T>::feed_previous_tokens(const ExecContext<T>& exec, Index t, Range sequences) {
    const Index n = layout().rows;
    const Range step_rows = layout().at(t, sequences);
    const Index e = spec_.generator.stack.embedding_size;
    const Matrix<T> x = stack_.x();
    if (t == 0)
        backend_.fill(previous_tokens_, start_token(), step_rows);
    else  // those of the rows before
        backend_.gather(previous_tokens_ + n, tokens_, nullptr, {step_rows.begin - n, step_rows.end - n});
    if (t == 0 || is_hard())
        return backend_.gather(x.col_slice({0, e}), token_table(exec), previous_tokens_, step_rows);
    const LinearForward<T> op{.plan = &embed_plan_,
                              .y = x.rows_from(step_rows.begin),
                              .x = output_.y.rows_from(step_rows.begin - n),
                              .w = token_table(exec).p,
                              .ldw = token_table(exec).ld};
    backend_.linear_forward(op, {0, step_rows.size()}, exec.worker);
}

template <class T>
void SequenceGenerator<T>::forward_text(const ExecContext<T>& exec, const std::int64_t* labels, Share share,
                                        Barrier& barrier) {
    const Range sequences = layout().rows_of(share);
    stack_.pack(exec, share);
    barrier.wait();
    stack_.clear_states(sequences);
    for (Index t = 0; t < layout().steps && !sequences.empty() && !exec.worker.stop_requested(); ++t) {
        const Range step_rows = layout().at(t, sequences);
        write_step_inputs(exec, labels, step_rows);
        feed_previous_tokens(exec, t, sequences);
        stack_.forward_step(exec, t, sequences);
        head_forward(exec, share, barrier, step_rows);
        backend_.argmax(tokens_, output_.y, step_rows);
    }
}

template <class T>
void SequenceGenerator<T>::head_backward(const ExecContext<T>& exec, Share share, Barrier& barrier,
                                         Range rows) {
    const Matrix<T> z = sequential_top_.y, d = sequential_top_.d;
    if (model_.output() && !pretraining_)
        model_.output()->backward(exec, {z, d, sequential_top_.saved, sequential_.last().activation()},
                                  output_, rows);
    else if (!pretraining_)
        backend_.activation_backward(d, sequential_top_.saved, sequential_.last().activation(), rows);
    sequential_.backward(exec, layer_input_, share, rows, barrier);
}

template <class T>
void SequenceGenerator<T>::backward(ExecContext<T> exec, Share share, Barrier& barrier) {
    set_row_numbers(exec);
    if (!spec_.texts()) {
        head_backward(exec, share, barrier, share.of(layout().total));
        barrier.wait();
        return stack_.backward(exec, share, barrier, false);
    }
    const Range sequences = layout().rows_of(share);
    const Index n = layout().rows;
    for (Index t = layout().steps; t-- > 0 && !sequences.empty() && !exec.worker.stop_requested();) {
        head_backward(exec, share, barrier, layout().at(t, sequences));
        stack_.backward_step(exec, t, sequences);
        if (t == 0) continue;
        const LinearBackwardInput<T> op{.plan = &feedback_plan_,
                                        .dx = output_.d.rows_from((t - 1) * n),
                                        .dy = stack_.dx().rows_from(t * n),
                                        .w = token_table(exec).p,
                                        .ldw = token_table(exec).ld,
                                        .accumulate = true};
        backend_.linear_backward_input(op, sequences, exec.worker);
    }
}

// Gradients of the embedding tables are sums over packed rows, ascending.
template <class T>
void SequenceGenerator<T>::weight_gradient(ExecContext<T> exec, Share share) {
    set_row_numbers(exec);
    sequential_.weight_gradient(exec, layer_input_, share);
    stack_.weight_gradient(exec, share, false);
    const Matrix<T> dx = stack_.dx();
    const auto scatter_sum = [&](Matrix<T> to, Range rows, Range cols, Index column, const Index* index,
                                 Index count) {
        if (cols.empty()) return;
        const Range from{column + cols.begin, column + cols.end};
        backend_.fill(to.col_slice(cols), T(0), rows);
        backend_.scatter_add(to.col_slice(cols), dx.block({0, count}, from), index);
    };
    if (spec_.classes > 0) {
        const Parameter& p = model_.embedding();
        const Index column = latent_column() + spec_.latent_size + spec_.step_latent_size;
        scatter_sum(p.view(exec.grads), {0, p.rows}, share.of(p.cols, 16), column, labels_, layout().total);
    }
    if (!spec_.texts()) return;
    const RecBody<T>& body = model_.generator_body();
    const Matrix<T> to = body.table(exec.grads);
    const Index e = spec_.generator.stack.embedding_size, n = layout().rows;
    const bool soft = !pretraining_ && !is_hard();
    // Soft tokens contribute by a product; the start token's row is always a scattered sum.
    scatter_sum(to, {soft ? start_token() : 0, start_token() + 1}, share.of(e, 16), 0, previous_tokens_,
                soft ? n : layout().total);
    if (!soft || layout().steps < 2) return;
    const LinearBackwardWeight<T> op{.plan = &table_weight_plan_,
                                     .dw = to,
                                     .dy = dx.rows_from(n),
                                     .x = output_.y,
                                     .inputs = spec_.vocabulary,
                                     .outputs = e,
                                     .batch = layout().total - n};
    backend_.linear_backward_weight(op, share, exec.worker);
}

template <class T>
void SequenceGenerator<T>::pretrain_forward(ExecContext<T> exec, const std::int64_t* labels, Share share,
                                            Barrier& barrier) {
    const Range packed = share.of(layout().total);
    draw_latents(exec, share);
    barrier.wait();
    set_row_numbers(exec);
    write_step_inputs(exec, labels, packed);
    backend_.gather(stack_.x().col_slice({0, spec_.generator.stack.embedding_size}), token_table(exec),
                    previous_tokens_, packed);
    stack_.clear_states(layout().rows_of(share));
    stack_.forward(exec, share, barrier);
    head_forward(exec, share, barrier, packed);
}

template <class T>
void SequenceGenerator<T>::pretrain_backward(ExecContext<T> exec, Share share, Barrier& barrier) {
    set_row_numbers(exec);
    head_backward(exec, share, barrier, share.of(layout().total));
    barrier.wait();
    stack_.backward(exec, share, barrier, false);
}

template class SequenceGenerator<float>;
template class SequenceGenerator<double>;

}  // namespace ds
