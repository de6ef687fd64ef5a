// A Net's share of a training step:
//   rows:    gather, forward, loss, backward          — barrier —
//   tiles:   weight gradients, but for those that the update makes by rows (optimizer.h)
// Batch normalisation adds two barriers a pass.
#pragma once
#include <vector>

#include "core/arena.h"
#include "train/chain.h"
#include "train/dataset.h"
#include "train/step.h"

namespace ds {

template <class T>
class NetStep final : public Step<T> {
public:
    NetStep(NetModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
            const Dataset<T>& data, Index batch, int workers);

private:
    using Step<T>::backend_;

    // What one worker hands to the layers: made once, so that a step writes only what changes.
    struct Desk {
        Pass<T> pass;
        std::vector<Below<T>> below;  // by layer
        double weight = 0.0;          // Σ w of the batch
    };

    bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) override;
    void batch_loss(const BatchPlace& place, LossSum& sum) override;
    void end_step() override;
    bool makes(const Parameter& p) const override { return this->by_rows() && chain_.makes(p); }
    void make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted, Share share) const override;

    // A batch that is a run of the data set's rows is read where it lies; so is a single row.
    bool in_place(const BatchPlace& place) const { return !place.rows || batch_ == 1; }
    Index first(const BatchPlace& place) const { return place.rows ? place.rows[0] : place.start; }

    void carve(Carver& carver, Index batch);
    void gather(const BatchPlace& place, double weight, Range rows);
    double batch_weight(const BatchPlace& place) const;

    NetModel<T>& net_;
    Dataset<T> data_;
    Index batch_;
    Buffer<T> memory_;
    Chain<T> chain_;
    Matrix<T> x_;
    Targets<T> targets_;
    std::vector<Desk> desks_;  // by worker
};

}  // namespace ds
