#include "gen/row_batch.h"

#include <algorithm>

namespace ds {

template <class T>
RowBatch<T>::RowBatch(GenModel<T>& model, const Device<T>& device, const Dataset<T>& data, Index batch,
                      int workers)
    : GenBatch<T>(model, device, batch, workers), data_(data), generator_(model.generator()) {
    generator_.plan(backend_, batch);
    memory_ = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner); });
    if (aliases_output())
        generator_.alias_output(features_.rows_from(pairs_), this->dfeatures_.rows_from(pairs_));
    generator_layer_input_ = generator_.layer_input({latent_, dlatent_, {}, {}});
    this->allocate_contexts(std::max(generator_.scratchpad_size(), input_noise_.scratchpad_size()));
}

template <class T>
void RowBatch<T>::allocate_buffers(ArenaPlanner& planner) {
    latent_ = planner.matrix<T>(this->batch_, model_.generator_inputs());
    if (spec_.classes > 0) dlatent_ = planner.matrix<T>(this->batch_, model_.generator_inputs());
    input_noise_.allocate_buffers(planner, 2 * this->batch_);
    generator_.allocate_buffers(planner, this->batch_);
}

template <class T>
void RowBatch<T>::generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                                    Barrier& barrier) {
    const ExecContext<T>& exec = context.generator;
    const Range rows = rows_of(this->pairs_of(share));
    backend_.normal(latent_.col_slice({0, spec_.latent_size}), RngPurpose::kLatent,
                    {exec.seed, exec.epoch, exec.step, rng_streams::kRowLatent}, 0, rows);
    this->gather_labels(mini_batch, data_.label, rows);
    this->gather_label_embeddings(exec, latent_, spec_.latent_size, rows);
    generator_.forward(exec, generator_layer_input_, share, rows, barrier, {0, this->batch_});
}

// Copies the real rows; the generator has already written its own.
template <class T>
void RowBatch<T>::load_real_rows(const MiniBatch& mini_batch, Range rows) {
    if (mini_batch.rows)
        backend_.gather(features_, data_.inputs(), mini_batch.rows, rows);
    else
        backend_.copy(features_, data_.inputs().rows_from(mini_batch.start), rows);
}

template <class T>
void RowBatch<T>::load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                           double probability, Share share, bool with_real) {
    const ExecContext<T>& exec = context.discriminator;
    const Range rows = rows_of(this->pairs_of(share));
    if (aliases_output()) {
        if (with_real) load_real_rows(mini_batch, rows);
        return;
    }
    const Matrix<T> generated = generator_.top().y;
    const auto row_of = [&](Index kind, Index i) {
        return features_.row(kind * pairs_ + i / spec_.pac) + i % spec_.pac * spec_.data_size;
    };
    const auto write_row = [&](T* to, const T* from, Index row) {
        if (input_noise_.on())
            input_noise_.forward(backend_, to, from, row);
        else
            copy_row(to, from, spec_.data_size);
    };
    if (input_noise_.on()) {
        const RandomKey key{exec.seed, exec.epoch, exec.step, 0};
        const Index n = this->batch_;
        if (with_real) input_noise_.draw_rows(backend_, key, probability, rows, context.scratchpad);
        input_noise_.draw_rows(backend_, key, probability, {n + rows.begin, n + rows.end},
                               context.scratchpad);
    }
    for (Index i = rows.begin; i < rows.end; ++i) {
        if (with_real) write_row(row_of(kReal, i), data_.x + mini_batch.row(i) * data_.cols, i);
        write_row(row_of(kGenerated, i), generated.row(i), this->batch_ + i);
    }
}

template <class T>
void RowBatch<T>::interpolate_rows(WorkerContext& context, Share share) {
    if (spec_.penalty.kind != Penalty::kInterpolated) return;
    const ExecContext<T>& exec = context.discriminator;
    const Range pairs = this->pairs_of(share);
    for (Index r = pairs.begin; r < pairs.end; ++r)
        backend_.gan().lerp(features_.row(kInterpolated * pairs_ + r), this->interpolation_weight(exec, r),
                            features_.row(r), features_.row(pairs_ + r), model_.features());
}

// The input gradient g is that of the features, and the tangents' input is the penalty's derivative with
// respect to g.
template <class T>
void RowBatch<T>::gradient_penalty(WorkerContext&, Share share, Barrier&) {
    const Range penalty_rows = share.of(this->penalty_rows_, this->grain());
    const Index cols = model_.features();
    for (Index i = penalty_rows.begin; i < penalty_rows.end; ++i) {
        const T* g = this->input_gradient_.row(i);
        const PenaltyAt<T> penalty = this->penalty_at(backend_.gan().dot(g, g, cols));
        this->penalties_[i] = penalty.penalty;
        backend_.gan().scale(features_.row(this->rows_ + i), penalty.slope, g, cols);
    }
}

// Copies the gradient with respect to the discriminator's input into the generator's output gradient.
template <class T>
void RowBatch<T>::gather_output_gradient(Range rows) {
    const LayerBuffers<T>& top = generator_.top();
    for (Index i = rows.begin; i < rows.end; ++i) {
        const T* dinput = this->dfeatures_.row(pairs_ + i / spec_.pac) + i % spec_.pac * spec_.data_size;
        copy_row(top.d.row(i), dinput, spec_.data_size);
        if (!input_noise_.on()) continue;
        const Matrix<T> d = top.d.rows_from(i);
        backend_.multiply(d, d, row_vector(input_noise_.factor(this->batch_ + i), spec_.data_size), {0, 1});
    }
}

template <class T>
void RowBatch<T>::generator_backward(WorkerContext& context, Share share, Barrier& barrier) {
    const LayerBuffers<T>& top = generator_.top();
    const Range rows = rows_of(this->pairs_of(share));
    if (!aliases_output()) gather_output_gradient(rows);
    backend_.activation_backward(top.d, top.saved, generator_.last().activation(), rows);
    generator_.backward(context.generator, generator_layer_input_, share, rows, barrier, {0, this->batch_});
}

template <class T>
void RowBatch<T>::generator_weight_grad(WorkerContext& context, Share share) {
    generator_.weight_gradient(context.generator, generator_layer_input_, share);
    if (spec_.classes == 0) return;
    // Each worker has its own columns and adds the rows in ascending order.
    const Parameter& p = model_.embedding();
    const Range cols = share.of(p.cols, 16);
    if (cols.empty()) return;
    const Matrix<T> de = p.view(context.generator.grads);
    for (Index c = 0; c < p.rows; ++c) std::fill_n(de.row(c) + cols.begin, cols.size(), T(0));
    backend_.scatter_add(de.col_slice(cols),
                         dlatent_.col_slice({spec_.latent_size + cols.begin, spec_.latent_size + cols.end}),
                         this->labels_);
}

template <class T>
void RowBatch<T>::update_generator_stats(T* params) {
    generator_.update_running_stats(this->contexts_[0].generator, params);
}

template class RowBatch<float>;
template class RowBatch<double>;

}  // namespace ds
