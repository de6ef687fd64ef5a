#include "rec/step.h"

#include <algorithm>
#include <functional>

namespace ds {
template <class T>
BatchBounds BatchBounds::of(const SequenceSet<T>& data, Index batch, Index max_steps) {
    std::vector<Index> steps(static_cast<std::size_t>(data.x.count));
    BatchBounds b;
    for (Index i = 0; i < data.x.count; ++i) {
        steps[static_cast<std::size_t>(i)] =
            max_steps > 0 ? std::min(max_steps, data.steps(i)) : data.steps(i);
        if (data.labels) b.labels = std::max(b.labels, data.labels[i]);
    }
    std::sort(steps.begin(), steps.end(), std::greater<>());
    b.rows = std::min(batch, data.x.count);
    for (Index i = 0; i < b.rows; ++i) b.total = checked_add(b.total, steps[static_cast<std::size_t>(i)]);
    b.steps = b.rows > 0 ? steps[0] : 0;
    return b;
}

template <class T>
RecStep<T>::RecStep(RecModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                    const SequenceSet<T>& data, const BatchBounds& bounds, int workers)
    : Step<T>(model, device, optimizer),
      rec_(model),
      data_(data),
      target_source_(model.spec(), data_),
      stack_(model.body(), device.backend, true),
      sequential_(model.head()),
      rows_(bounds.rows) {
    stack_.plan(bounds.rows, bounds.total);
    sequential_.plan(backend_, stack_.is_stepwise() ? bounds.total : bounds.rows);
    contexts_.resize(static_cast<std::size_t>(workers));
    memory_ =
        allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner, bounds); });
    for (WorkerContext& context : contexts_) {
        this->set_constants(context.exec);
        context.layer_input = sequential_.layer_input({stack_.top(), stack_.top_gradient(), {}, {}});
    }
    this->clear_gradients();
    optimizer.divide_among(workers);
}

template <class T>
void RecStep<T>::allocate_buffers(ArenaPlanner& planner, const BatchBounds& bounds) {
    const Index rows = stack_.is_stepwise() ? bounds.total : bounds.rows;
    stack_.allocate_buffers(planner, bounds.rows, bounds.total, bounds.steps, data_.ragged());
    const Index target_rows = target_source_.ctc() ? bounds.rows : rows;
    targets_ = target_source_.allocate_buffers(planner, target_rows, target_source_.weighted());
    target_rows_.resize(target_rows, target_source_.weighted());
    this->allocate_gradients(planner);
    sequential_.allocate_buffers(planner, rows);
    const Index scratchpad_size = std::max(stack_.scratchpad_size(), sequential_.scratchpad_size());
    const Index ctc_size =
        target_source_.ctc() ? ctc_scratchpad_size(bounds.steps, rec_.spec().outputs(), bounds.labels) : 0;
    for (WorkerContext& context : contexts_) {
        context.exec.worker.scratchpad = planner.allocate<T>(scratchpad_size, 1);
        context.ctc_scratchpad = planner.allocate<double>(ctc_size, 1);
    }
}

// CTC losses of some sequences, and their gradients with respect to the logits of all steps.
template <class T>
void RecStep<T>::ctc_losses(const WorkerContext& context, Range rows) {
    const LayerBuffers<T>& top = sequential_.top();
    CtcArgs<T> a = target_source_.ctc_arguments(stack_, top.y, rows, context.ctc_scratchpad);
    a.d = top.d;
    a.scale = targets_.row_scale;
    a.loss = targets_.row_loss;
    backend_.ctc(a);
}

template <class T>
bool RecStep<T>::prepare_batch(const MiniBatch& mini_batch, const OptimizerClock&, StepParams<T>& params) {
    const Index max_steps = rec_.spec().bptt_steps, first = mini_batch.micro_step * max_steps;
    has_steps_ =
        stack_.set_batch(data_, {mini_batch.rows, mini_batch.start, mini_batch.size, first, max_steps});
    if (has_steps_) params.weight = target_source_.total_weight(stack_, first);
    return has_steps_;
}

template <class T>
void RecStep<T>::compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                                   Barrier& barrier, const StopToken* stop_token) {
    const RecSpec& spec = rec_.spec();
    WorkerContext& context = contexts_[static_cast<std::size_t>(share.worker)];
    const Index first = mini_batch.micro_step * spec.bptt_steps;
    context.exec.worker.stop_token = stop_token;
    context.exec.epoch = mini_batch.epoch;
    context.exec.step = mini_batch.step;
    context.exec.batch = stack_.head_rows();
    const SequenceLayout& layout = stack_.layout();
    const Range head = share.of(stack_.head_rows());
    if (mini_batch.micro_step == 0) stack_.clear_states(layout.rows_of(share));
    target_source_.gather(backend_, stack_, first, &params->weight, target_rows_, targets_,
                          target_source_.ctc() ? share.of(layout.rows) : head);
    stack_.forward(context.exec, data_, share, barrier);
    sequential_.forward(context.exec, context.layer_input, share, head, barrier);
    if (target_source_.ctc()) {
        barrier.wait();
        ctc_losses(context, share.of(layout.rows));
        barrier.wait();
    } else {
        // With weights, the scale of each row is w / Σ w instead.
        sequential_.loss_and_gradient(backend_, spec.loss, targets_, static_cast<double>(stack_.head_rows()),
                                      head);
    }
    sequential_.backward(context.exec, context.layer_input, share, head, barrier);
    stack_.backward(context.exec, share, barrier);
    sequential_.weight_gradient(context.exec, context.layer_input, share);
}

template <class T>
void RecStep<T>::read_states(T* to) const {
    const Index size = state_size(), running = has_steps_ ? stack_.layout().rows : 0;
    stack_.get_states({to, running, size}, {0, running});
    this->device_.memory.fill_zero(to + running * size, (rows_ - running) * size);
}

template <class T>
void RecStep<T>::write_states(const T* from) {
    stack_.set_states({from, rows_, state_size()}, {0, rows_});
}

template <class T>
BatchLossArgs<T> RecStep<T>::batch_loss(const MiniBatch&) const {
    const Index rows = target_source_.ctc() ? stack_.layout().rows : stack_.head_rows();
    return {.row_loss = targets_.row_loss, .row_weight = targets_.row_scale, .rows = rows};
}

template BatchBounds BatchBounds::of(const SequenceSet<float>&, Index, Index);
template BatchBounds BatchBounds::of(const SequenceSet<double>&, Index, Index);
template class RecStep<float>;
template class RecStep<double>;

}  // namespace ds
