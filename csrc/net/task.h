// The training task of a Net: rows of a data set, and rows for validation.
#pragma once
#include <algorithm>

#include "core/threads/min_work.h"
#include "net/step.h"
#include "training/inference.h"
#include "training/task.h"

namespace ds {

template <class T>
class NetTask final : public TrainingTask<T> {
public:
    NetTask(NetModel<T>& model, OptimizerState<T>& optimizer, const Device<T>& device, const Dataset<T>& data,
            const Dataset<T>& validation, Index batch, int workers)
        : TrainingTask<T>(workers),
          rows_(data.rows),
          index_(data.index),
          batch_(std::min(batch, data.rows)),
          step_flops_(flops_of(model, data, batch_)),
          data_(device.memory, data),
          step_(model, device, optimizer, data_.data(), batch_, workers),
          validation_(device.memory, validation),
          inference_(model, model.layers(), device),
          losses_(device.memory, validation.rows),
          weights_(validation.index && validation.weight ? validation.rows : 0),
          scratchpad_size_(
              validates() ? checked_round_up(inference_.loss_scratchpad_size(validation), kAlignment) : 0),
          scratchpads_(device.memory, checked_mul(scratchpad_size_, workers)) {
        for (Index i = 0; i < weights_.size(); ++i) weights_[i] = validation.host_weight[validation.row(i)];
    }

    Index rows() const override { return rows_; }
    const Index* index() const override { return index_; }
    Index batch() const override { return batch_; }
    double step_flops() const override { return step_flops_; }
    Step<T>& step(Player) override { return step_; }

    bool validates() const override { return validation_.data().rows > 0; }
    void validate(Share share, const StopToken& stop_token) override {
        if (!validates()) return;
        T* scratchpad = scratchpads_.data() + scratchpad_size_ * share.worker;
        inference_.row_losses(validation_.data(), losses_.data(), share, &stop_token, scratchpad);
    }
    double validation_loss() const override {
        const T* weights = weights_.size() > 0 ? weights_.data() : validation_.data().host_weight;
        return inference_.mean_loss(losses_.data(), weights, validation_.data().rows);
    }

private:
    // Sparse rows have few products, so the update takes a large part of the time: it reads and writes the
    // weights and two moments.
    static double flops_of(const NetModel<T>& model, const Dataset<T>& data, Index batch) {
        const double parameters = static_cast<double>(model.table().count()),
                     rows = static_cast<double>(batch);
        if (!data.sparse) return 6.0 * rows * parameters;
        double entries = 0.0;
        for (Index i = 0; i < data.rows; ++i)
            entries += static_cast<double>(data.sparse.entries(data.row(i)).size());
        const double products =
            rows * parameters +
            sparse_products(model.layers(), rows, entries * rows / static_cast<double>(data.rows));
        return 6.0 * products + kFlopsPerByte * 6.0 * sizeof(T) * parameters;
    }

    Index rows_;
    const Index* index_;
    Index batch_;
    double step_flops_;
    DeviceDataset<T> data_;
    NetStep<T> step_;
    DeviceDataset<T> validation_;
    Inference<T> inference_;
    Buffer<T> losses_;
    HostArray<T> weights_;   // of the rows that the validation data's index selects
    Index scratchpad_size_;  // elements of each worker's scratchpad
    Buffer<T> scratchpads_;
};

}  // namespace ds
