#include "gen/row_batch.h"

#include <algorithm>

namespace ds {

template <class T>
RowBatch<T>::RowBatch(GenModel<T>& model, const Device<T>& device, const Dataset<T>& data, Index batch,
                      int workers)
    : GenBatch<T>(model, device, batch, workers), data_(data), generator_(model.generator()) {
    generator_.plan(backend_, batch);
    if (spec_.pac > 1) real_rows_.resize(batch);
    memory_ = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner); });
    if (aliases_output())
        generator_.alias_output(features_.rows_from(pairs_), this->dfeatures_.rows_from(pairs_));
    generator_layer_input_ = generator_.layer_input({latent_, dlatent_, {}, {}});
    this->allocate_contexts(generator_.scratchpad_size());
}

template <class T>
void RowBatch<T>::allocate_buffers(ArenaPlanner& planner) {
    latent_ = planner.matrix<T>(this->batch_, model_.generator_inputs());
    if (spec_.classes > 0) dlatent_ = planner.matrix<T>(this->batch_, model_.generator_inputs());
    input_noise_.allocate_buffers(planner, this->batch_, this->batch_);
    generator_.allocate_buffers(planner, this->batch_);
}

template <class T>
void RowBatch<T>::generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                                    Barrier& barrier) {
    const ExecContext<T>& exec = context.generator;
    const Range rows = rows_of(this->pairs_of(share));
    backend_.normal(latent_.col_slice({0, spec_.latent_size}), RngPurpose::kLatent,
                    {{exec.seed, exec.epoch, exec.step, rng_streams::kRowLatent}}, rows);
    this->gather_labels(mini_batch, data_.label, rows);
    this->gather_label_embeddings(exec, latent_, spec_.latent_size, rows);
    generator_.forward(exec, generator_layer_input_, share, rows, barrier, {0, this->batch_});
}

template <class T>
void RowBatch<T>::load_real_rows(const MiniBatch& mini_batch, Range pairs) {
    if (spec_.pac == 1 && mini_batch.rows)
        return backend_.gather(features(kReal, 0), data_.inputs(), mini_batch.rows, pairs);
    if (spec_.pac == 1)
        return backend_.copy(features(kReal, 0), data_.inputs().rows_from(mini_batch.start), pairs);
    for (Index p = 0; p < spec_.pac; ++p) {
        Index* rows = real_rows_.data() + p * pairs_;
        for (Index i = pairs.begin; i < pairs.end; ++i) rows[i] = mini_batch.row(i * spec_.pac + p);
        backend_.gather(features(kReal, p), data_.inputs(), rows, pairs);
    }
}

template <class T>
void RowBatch<T>::load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                           const double* probability, Share share, Barrier&, bool with_real) {
    const ExecContext<T>& exec = context.discriminator;
    const Range pairs = this->pairs_of(share), rows = rows_of(pairs);
    if (with_real) load_real_rows(mini_batch, pairs);
    if (aliases_output()) return;  // the generator has written its rows
    const Matrix<T> generated = generator_.top().y;
    if (!input_noise_.on()) {
        for (Index p = 0; p < spec_.pac; ++p)
            backend_.copy(features(kGenerated, p), every_pac(generated, p), pairs);
        return;
    }
    for (Index kind = with_real ? kReal : kGenerated; kind <= kGenerated; ++kind) {
        const Draw draw{{exec.seed, exec.epoch, exec.step, 0}, kind * this->batch_};
        input_noise_.draw_choices(backend_, kind, draw, rows);
        input_noise_.draw_sizes(backend_, kind, draw, rows);
        input_noise_.augment(backend_, kind, probability, nullptr, rows);
        for (Index p = 0; p < spec_.pac; ++p) {
            const Matrix<T> to = features(kind, p);
            backend_.scale_shift(to, kind == kReal ? to : every_pac(generated, p),
                                 every_pac(input_noise_.factor(kind), p),
                                 every_pac(input_noise_.shift(kind), p), pairs);
        }
    }
}

template <class T>
void RowBatch<T>::interpolate_rows(WorkerContext& context, Share share, Barrier&) {
    if (spec_.penalty.kind != Penalty::kInterpolated) return;
    const Range pairs = this->pairs_of(share);
    this->draw_interpolation_weights(context.discriminator, nullptr, 0, pairs);
    backend_.lerp(features_.rows_from(kInterpolated * pairs_), this->interpolation_weights_, nullptr,
                  features_, features_.rows_from(kGenerated * pairs_), pairs);
}

// The input gradient g is that of the features, and the tangents' input is the penalty's derivative with
// respect to g.
template <class T>
void RowBatch<T>::gradient_penalty(WorkerContext&, Share share, Barrier&) {
    PenaltyArgs<T> a = this->penalty_arguments();
    a.rows = share.of(this->penalty_rows_, this->grain());
    a.dg = features_.rows_from(this->rows_);
    a.g = this->input_gradient_;
    a.penalty = this->penalties_;
    backend_.gradient_penalty(a);
}

// Copies the gradient with respect to the discriminator's input into the generator's output gradient.
template <class T>
void RowBatch<T>::gather_output_gradient(Range pairs) {
    for (Index p = 0; p < spec_.pac; ++p) {
        const Matrix<T> d = every_pac(generator_.top().d, p);
        const Matrix<T> dinput =
            this->dfeatures_.rows_from(pairs_).col_slice({p * spec_.data_size, (p + 1) * spec_.data_size});
        if (input_noise_.on())
            backend_.multiply(d, dinput, every_pac(input_noise_.factor(kGenerated), p), pairs);
        else
            backend_.copy(d, dinput, pairs);
    }
}

template <class T>
void RowBatch<T>::generator_backward(WorkerContext& context, Share share, Barrier& barrier) {
    const LayerBuffers<T>& top = generator_.top();
    const Range rows = rows_of(this->pairs_of(share));
    if (!aliases_output()) gather_output_gradient(this->pairs_of(share));
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
    backend_.fill(de.col_slice(cols), T(0), {0, p.rows});
    backend_.scatter_add(de.col_slice(cols),
                         dlatent_.col_slice({spec_.latent_size + cols.begin, spec_.latent_size + cols.end}),
                         this->labels_);
}

template <class T>
void RowBatch<T>::update_generator_stats(T* params, const StepStatus* status) {
    this->contexts_[0].generator.status = status;
    generator_.update_running_stats(this->contexts_[0].generator, params);
}

template class RowBatch<float>;
template class RowBatch<double>;

}  // namespace ds
