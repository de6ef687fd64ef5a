// The gradients of a Net's training step:
//   rows    gather (of sparse rows also the transpose), forward, loss, backward   — barrier —
//   tiles   weight gradients, except those that the update computes by rows (training/optimizer_state.h)
// Batch normalisation adds two barriers per pass.
#pragma once
#include <vector>

#include "core/memory/arena_planner.h"
#include "net/model.h"
#include "net/sparse_batch.h"
#include "training/dataset.h"
#include "training/sequential.h"
#include "training/step.h"

namespace ds {

template <class T>
class NetStep final : public Step<T> {
public:
    NetStep(NetModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer, const Dataset<T>& data,
            Index batch, int workers);

private:
    using Step<T>::backend_;

    // The arguments of one worker's layers. They are built once, and a step writes only the ones that change.
    struct WorkerContext {
        ExecContext<T> exec;
        std::vector<LayerInput<T>> layer_input;  // by layer
        SparseInput<T> sparse;                   // what the first layer reads, if the data are sparse
    };

    bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                       StepParams<T>& params) override;
    void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                           Barrier& barrier, const StopToken* stop_token) override;
    BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const override;
    void update_running_stats() override;
    bool has_gradient_rows(const Parameter& p) const override {
        return this->by_rows() && sequential_.has_gradient_rows(p);
    }
    void gradient_rows(const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint,
                       Share share) const override;

    // Contiguous rows of the data set, and single rows, are read in place.
    bool in_place(const MiniBatch& mini_batch) const { return !mini_batch.rows || batch_ == 1; }
    Index first(const MiniBatch& mini_batch) const { return mini_batch.row(0); }

    void allocate_buffers(ArenaPlanner& planner, Index batch);
    void gather(const MiniBatch& mini_batch, const StepParams<T>* params, Range rows);

    NetModel<T>& net_;
    Dataset<T> data_;
    SparseBatch<T> sparse_batch_;
    Index batch_;
    Buffer<T> memory_;
    Sequential<T> sequential_;
    Matrix<T> x_;
    Targets<T> targets_;
    std::vector<WorkerContext> contexts_;  // by worker
};

}  // namespace ds
