#include "net/step.h"

#include <algorithm>

namespace ds {
namespace {

// Input dropout of sparse rows is part of SparseBatch.
template <class T>
std::span<const std::unique_ptr<Layer<T>>> layers_after_input(const Layers<T>& layers,
                                                              const Dataset<T>& data) {
    const std::span<const std::unique_ptr<Layer<T>>> all(layers);
    return data.sparse && !layers[0]->trainable() ? all.subspan(1) : all;
}

}  // namespace

template <class T>
NetStep<T>::NetStep(NetModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                    const Dataset<T>& data, Index batch, int workers)
    : Step<T>(model, device, optimizer),
      net_(model),
      data_(data),
      sparse_batch_(data, batch, model.spec().input_dropout),
      batch_(batch),
      sequential_(layers_after_input(model.layers(), data)) {
    sequential_.plan(backend_, batch);
    contexts_.resize(static_cast<std::size_t>(workers));
    if (data.sparse) sparse_batch_.allocate_buffers();
    memory_ =
        allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) { allocate_buffers(planner, batch); });
    for (WorkerContext& context : contexts_) {
        this->set_constants(context.exec);
        context.exec.by_rows = this->by_rows();
        context.layer_input = sequential_.layer_input({x_, {}, {}, {}});
        if (data.sparse) context.layer_input[0].sparse = &context.sparse;
    }
    this->clear_gradients();
    optimizer.divide_among(workers);
}

template <class T>
void NetStep<T>::allocate_buffers(ArenaPlanner& planner, Index batch) {
    const NetSpec& spec = net_.spec();
    if (!data_.sparse) x_ = planner.matrix<T>(batch, spec.input_size);
    if (data_.label) targets_.label = planner.allocate<std::int64_t>(batch, 1);
    if (data_.target) targets_.values = planner.matrix<T>(batch, spec.outputs());
    targets_.row_loss = planner.allocate<T>(batch, 1);
    if (data_.weight) targets_.row_scale = planner.allocate<T>(batch, 1);
    this->allocate_gradients(planner);
    sequential_.allocate_buffers(planner, batch);
    const Index scratchpad_size = sequential_.scratchpad_size();
    for (WorkerContext& context : contexts_)
        context.exec.worker.scratchpad = planner.allocate<T>(scratchpad_size, 1);
}

template <class T>
void NetStep<T>::gather(const MiniBatch& mini_batch, const StepParams<T>* params, Range rows) {
    if (!data_.sparse && !in_place(mini_batch)) backend_.gather(x_, data_.inputs(), mini_batch.rows, rows);
    const Index* const index = mini_batch.rows;
    const Index start = index ? 0 : mini_batch.start;  // without an index, rows follow it
    if (data_.weight)
        backend_.gather_weights(targets_.row_scale, data_.weight + start, index, &params->weight, rows);
    if (data_.target)
        backend_.gather(targets_.values, data_.targets().rows_from(start), index, rows);
    else
        backend_.gather(targets_.label, data_.label + start, index, rows);
}

// Σ w over the whole batch is a sum in ascending order and in double.
template <class T>
bool NetStep<T>::prepare_batch(const MiniBatch& mini_batch, const OptimizerClock&, StepParams<T>& params) {
    double sum = static_cast<double>(mini_batch.size);
    if (data_.weight) {
        sum = 0.0;
        for (Index i = 0; i < mini_batch.size; ++i) sum += data_.weight[mini_batch.row(i)];
    }
    params.weight = sum;
    return true;
}

template <class T>
void NetStep<T>::compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                                   Barrier& barrier, const StopToken* stop_token) {
    WorkerContext& context = contexts_[static_cast<std::size_t>(share.worker)];
    context.exec.worker.stop_token = stop_token;
    context.exec.epoch = mini_batch.epoch;
    context.exec.step = mini_batch.step;
    context.exec.batch = mini_batch.size;
    if (data_.sparse) {
        const RandomKey key{context.exec.seed, mini_batch.epoch, mini_batch.step, rng_streams::kInputDropout};
        sparse_batch_.load(backend_, mini_batch, key, share, barrier, stop_token);
        context.sparse = sparse_batch_.input(mini_batch.size);
    } else if (in_place(mini_batch)) {
        Matrix<const T>& x = context.layer_input[0].x;
        x.p = data_.x + first(mini_batch) * data_.cols;
        x.ld = data_.cols;
    }
    const Range rows = share.of(mini_batch.size), all{0, mini_batch.size};
    gather(mini_batch, params, rows);
    sequential_.forward(context.exec, context.layer_input, share, rows, barrier, all);
    // With weights, the scale of each row is w / Σ w instead.
    sequential_.loss_and_gradient(backend_, net_.spec().loss, targets_, static_cast<double>(mini_batch.size),
                                  rows);
    sequential_.backward(context.exec, context.layer_input, share, rows, barrier, all);
    barrier.wait();
    if (data_.sparse)
        context.sparse.multiply_zeros =
            !backend_.all_finite(sequential_.buffers(0).d.row_slice({0, mini_batch.size}));
    sequential_.weight_gradient(context.exec, context.layer_input, share);
}

template <class T>
void NetStep<T>::gradient_rows(const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint,
                               Share share) const {
    const WorkerContext& context = contexts_[static_cast<std::size_t>(share.worker)];
    sequential_.gradient_rows(context.exec, context.layer_input, p, rows, to, prefetch_hint);
}

template <class T>
BatchLossArgs<T> NetStep<T>::batch_loss(const MiniBatch& mini_batch) const {
    return {.row_loss = targets_.row_loss, .row_weight = targets_.row_scale, .rows = mini_batch.size};
}

template <class T>
void NetStep<T>::update_running_stats() {
    contexts_[0].exec.status = this->status_;
    sequential_.update_running_stats(contexts_[0].exec, net_.params());
}

template class NetStep<float>;
template class NetStep<double>;

}  // namespace ds
