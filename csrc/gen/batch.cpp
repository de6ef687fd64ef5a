#include "gen/batch.h"

#include <algorithm>

namespace ds {

template <class T>
GenBatch<T>::GenBatch(GenModel<T>& model, const Device<T>& device, Index batch, int workers)
    : model_(model),
      spec_(model.spec()),
      device_(device),
      backend_(device.backend),
      batch_(batch),
      pairs_(batch / model.spec().pac),
      rows_((model.spec().penalty.kind == Penalty::kInterpolated ? 3 : 2) * pairs_),
      first_penalty_row_(penalty_rows_of(model.spec().penalty.kind).first * pairs_),
      penalty_rows_(penalty_rows_of(model.spec().penalty.kind).stop * pairs_ - first_penalty_row_),
      discriminator_(model.discriminator()),
      tangents_(model.discriminator(), discriminator_),
      spectral_norm_(model, device),
      input_noise_(model.spec()),
      contexts_(static_cast<std::size_t>(workers)) {
    discriminator_.plan(backend_, rows_ + penalty_rows_);
    memory_ = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner); });
    if (penalty_rows_ > 0)
        tangents_.set_views(rows_, first_penalty_row_, features_.rows_from(rows_), input_gradient_);
    layer_input_ = discriminator_.layer_input({features_, {}, {}, {}});
    layer_input_with_gradient_ = discriminator_.layer_input({features_, dfeatures_, {}, {}});
}

template <class T>
void GenBatch<T>::allocate_buffers(ArenaPlanner& planner) {
    const Index width = model_.features();
    if (spec_.classes > 0) {
        labels_ = planner.allocate<std::int64_t>(batch_, 1);
        row_labels_ = planner.allocate<std::int64_t>(rows_ + penalty_rows_, spec_.pac);
    }
    features_ = planner.matrix<T>(rows_ + penalty_rows_, width);
    dfeatures_ = planner.matrix<T>(rows_, width);
    if (penalty_rows_ > 0) input_gradient_ = planner.matrix<T>(penalty_rows_, width);
    losses_ = planner.allocate<T>(pairs_, 1);
    penalties_ = planner.allocate<T>(std::max<Index>(penalty_rows_, 1), 1);
    if (spec_.penalty.kind == Penalty::kInterpolated) interpolation_weights_ = planner.allocate<T>(pairs_, 1);
    discriminator_.allocate_buffers(planner, rows_ + penalty_rows_);
    if (penalty_rows_ > 0) tangents_.allocate_buffers(planner, penalty_rows_);
}

template <class T>
void GenBatch<T>::allocate_contexts(Index scratchpad_size) {
    const Index each =
        checked_round_up(std::max(scratchpad_size, discriminator_.scratchpad_size()), kAlignment);
    scratchpads_ = Buffer<T>(device_.memory, checked_mul(each, static_cast<Index>(contexts_.size())));
    for (std::size_t w = 0; w < contexts_.size(); ++w) {
        WorkerContext& context = contexts_[w];
        context.scratchpad = scratchpads_.data() + static_cast<Index>(w) * each;
        ExecContext<T> exec;
        exec.backend = &backend_;
        exec.params = model_.params();
        exec.copies = model_.copies();
        exec.worker.scratchpad = context.scratchpad;
        exec.seed = spec_.seed;
        exec.batch = batch_;
        context.generator = exec;
        exec.params = spectral_norm_.params();
        exec.copies = spectral_norm_.copies();
        exec.batch = rows_;
        exec.labels = row_labels_;
        context.discriminator = exec;
        exec.labels = row_labels_ ? row_labels_ + rows_ * spec_.pac : nullptr;
        context.tangents = exec;
    }
}

template <class T>
void GenBatch<T>::set_step(WorkerContext& context, std::uint32_t epoch, std::uint32_t step,
                           const StopToken* stop_token) const {
    for (ExecContext<T>* exec : {&context.generator, &context.discriminator, &context.tangents}) {
        exec->epoch = epoch;
        exec->step = step;
        exec->worker.stop_token = stop_token;
    }
}

template <class T>
PenaltyArgs<T> GenBatch<T>::penalty_arguments() const {
    PenaltyArgs<T> a;
    a.weight = static_cast<T>(spec_.penalty.weight * static_cast<double>(spec_.penalty.interval) /
                              static_cast<double>(pairs_));
    a.one_centred = spec_.penalty.kind == Penalty::kInterpolated;
    return a;
}

template <class T>
void GenBatch<T>::draw_interpolation_weights(const ExecContext<T>& exec, const Index* number, Index first,
                                             Range rows) const {
    backend_.uniform({interpolation_weights_, pairs_, 1}, RngPurpose::kMix,
                     {{exec.seed, exec.epoch, exec.step, 0}, first, number}, rows);
}

template <class T>
void GenBatch<T>::gather_labels(const MiniBatch& mini_batch, const std::int64_t* labels, Range rows) {
    if (spec_.classes == 0) return;
    backend_.gather(labels_, mini_batch.rows ? labels : labels + mini_batch.start, mini_batch.rows, rows);
    for (Index kind = 0; kind < rows_ + penalty_rows_; kind += pairs_)
        backend_.gather(row_labels_ + kind * spec_.pac, labels_, nullptr, rows);
}

template <class T>
void GenBatch<T>::gather_label_embeddings(const ExecContext<T>& exec, Matrix<T> to, Index column,
                                          Range rows) const {
    if (spec_.classes == 0) return;
    const Parameter& table = model_.embedding();
    backend_.gather(to.col_slice({column, column + table.cols}), table.view<const T>(exec.params), labels_,
                    rows);
}

template class GenBatch<float>;
template class GenBatch<double>;

}  // namespace ds
