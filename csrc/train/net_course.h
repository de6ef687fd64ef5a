// A fit of a Net: rows of a data set, and rows for the validation.
#pragma once
#include <algorithm>

#include "backend/cpu.h"
#include "train/course.h"
#include "train/inference.h"
#include "train/net_step.h"

namespace ds {

template <class T>
class NetCourse final : public Course<T> {
public:
    NetCourse(NetModel<T>& model, OptimizerState<T>& optimizer, const KernelTable& kernels,
              const Dataset<T>& data, const Dataset<T>& validation, Index batch, int workers)
        : Course<T>(workers),
          backend_(kernels),
          rows_(data.rows),
          batch_(std::min(batch, data.rows)),
          parameters_(static_cast<double>(model.table().count())),
          step_(model, backend_, optimizer, data, batch_, workers),
          validation_(validation),
          inference_(model, model.layers(), backend_),
          losses_(validation.rows),
          room_(validates() ? checked_round_up(inference_.loss_room(), kAlignment) : 0),
          rooms_(checked_mul(room_, workers)) {}

    Index rows() const override { return rows_; }
    Index batch() const override { return batch_; }
    double step_flops() const override { return 6.0 * static_cast<double>(batch_) * parameters_; }
    Step<T>& step(int) override { return step_; }

    bool validates() const override { return validation_.rows > 0; }
    void validate(Share share, const Halt& halt) override {
        if (!validates()) return;
        T* room = rooms_.data() + room_ * share.worker;
        inference_.row_losses(validation_, losses_.data(), share, &halt, room);
    }
    double validation_loss() const override {
        const Index n = validation_.rows;
        if (!validation_.weight) return backend_.sum(losses_.data(), n) / static_cast<double>(n);
        double weights = 0.0;
        for (Index i = 0; i < n; ++i) weights += validation_.weight[i];
        return backend_.weighted_sum(losses_.data(), validation_.weight, n) / weights;
    }

private:
    CpuBackend<T> backend_;
    Index rows_, batch_;
    double parameters_;
    NetStep<T> step_;
    Dataset<T> validation_;
    Inference<T> inference_;
    Buffer<T> losses_;
    Index room_;  // elements that a worker needs
    Buffer<T> rooms_;
};

}  // namespace ds
