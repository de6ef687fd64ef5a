#include "gen/sequences/pretrain_step.h"

namespace ds {
namespace {

// Added to the epoch where pretraining draws random numbers, so that adversarial training draws others.
constexpr std::uint32_t kPretrainEpochs = std::uint32_t(1) << 31;

}  // namespace

template <class T>
PretrainStep<T>::PretrainStep(GenModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                              const LabelledSequences<T>& data, Index batch, int workers)
    : Step<T>(model, device, optimizer),
      spec_(model.spec()),
      data_(data),
      batch_(batch),
      generator_(model, device.backend, batch, true),
      lengths_(batch),
      labels_(model.spec().classes > 0 ? batch : 0),
      contexts_(static_cast<std::size_t>(workers)) {
    memory_ = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner); });
    generator_.bind_buffers();
    generator_.reserve_tokens();
    for (ExecContext<T>& exec : contexts_) this->set_constants(exec);
    this->clear_gradients();
    targets_.label = generator_.target_tokens();
}

template <class T>
void PretrainStep<T>::allocate_buffers(ArenaPlanner& planner) {
    this->allocate_gradients(planner);
    generator_.allocate_buffers(planner);
    targets_.row_loss = planner.allocate<T>(batch_ * spec_.steps, 1);
    const Index scratchpad_size = generator_.scratchpad_size();
    for (ExecContext<T>& exec : contexts_) exec.worker.scratchpad = planner.allocate<T>(scratchpad_size, 1);
}

template <class T>
bool PretrainStep<T>::prepare_batch(const MiniBatch& mini_batch, const OptimizerClock&,
                                    StepParams<T>& params) {
    for (Index i = 0; i < mini_batch.size; ++i) {
        lengths_[i] = data_.x.length[mini_batch.row(i)];
        if (spec_.classes > 0) labels_[i] = data_.label[mini_batch.row(i)];
    }
    generator_.set_pretrain_lengths(lengths_.data(), mini_batch.size);
    params.weight = static_cast<double>(generator_.layout().total);
    return true;
}

template <class T>
void PretrainStep<T>::compute_gradients(const MiniBatch& mini_batch, const StepParams<T>*, Share share,
                                        Barrier& barrier, const StopToken* stop_token) {
    ExecContext<T>& exec = contexts_[static_cast<std::size_t>(share.worker)];
    exec.worker.stop_token = stop_token;
    exec.epoch = kPretrainEpochs + mini_batch.epoch;
    exec.step = mini_batch.step;
    const Index total = generator_.layout().total;
    const Range packed = share.of(total);
    generator_.set_tokens(
        packed, [&](Index i, Index t) { return data_.token(mini_batch.row(i), t, spec_.eos_token); });
    generator_.pretrain_forward(exec, labels_.data(), share, barrier);
    LossSpec loss;
    loss.set_kind(find_loss("cross_entropy", "softmax"));
    generator_.head().loss_and_gradient(backend_, loss, targets_, static_cast<double>(total), packed);
    generator_.pretrain_backward(exec, share, barrier);
    barrier.wait();
    generator_.weight_gradient(exec, share);
}

template <class T>
BatchLossArgs<T> PretrainStep<T>::batch_loss(const MiniBatch&) const {
    return {.row_loss = targets_.row_loss, .rows = generator_.layout().total};
}

template class PretrainStep<float>;
template class PretrainStep<double>;

}  // namespace ds
