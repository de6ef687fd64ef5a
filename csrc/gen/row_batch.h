// A GAN mini-batch of rows: the generator's dense layers map latents to rows, and the discriminator's dense
// layers see these rows directly.
#pragma once
#include "gen/batch.h"
#include "training/dataset.h"

namespace ds {

template <class T>
class RowBatch final : public GenBatch<T> {
public:
    RowBatch(GenModel<T>& model, const Device<T>& device, const Dataset<T>& data, Index batch, int workers);

    using typename GenBatch<T>::WorkerContext;
    void generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                           Barrier& barrier) override;
    void load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                  const double* probability, Share share, Barrier& barrier,
                                  bool with_real) override;
    void interpolate_rows(WorkerContext& context, Share share, Barrier& barrier) override;
    void gradient_penalty(WorkerContext& context, Share share, Barrier& barrier) override;
    void generator_backward(WorkerContext& context, Share share, Barrier& barrier) override;
    void generator_weight_grad(WorkerContext& context, Share share) override;
    void update_generator_stats(T* params, const StepStatus* status) override;
    const Sequential<T>* generator() const override { return &generator_; }
    const std::vector<LayerInput<T>>& generator_layer_input() const override {
        return generator_layer_input_;
    }

private:
    using GenBatch<T>::backend_;
    using GenBatch<T>::input_noise_;
    using GenBatch<T>::features_;
    using GenBatch<T>::model_;
    using GenBatch<T>::pairs_;
    using GenBatch<T>::spec_;

    // Whether the generator writes its output straight into the discriminator's input.
    bool aliases_output() const {
        return !input_noise_.on() && spec_.pac == 1 && model_.features() == spec_.data_size;
    }
    // Row i·pac + p of a matrix for each pair i.
    template <class U>
    Matrix<U> every_pac(Matrix<U> m, Index p) const {
        return {m.p + p * m.ld, pairs_, m.cols, m.ld * spec_.pac};
    }
    // Row p of each pac in the discriminator's input.
    Matrix<T> features(Index kind, Index p) const {
        return features_.rows_from(kind * pairs_).col_slice({p * spec_.data_size, (p + 1) * spec_.data_size});
    }
    void load_real_rows(const MiniBatch& mini_batch, Range pairs);
    void gather_output_gradient(Range pairs);
    // The generator's rows of some pairs.
    Range rows_of(Range pairs) const { return {pairs.begin * spec_.pac, pairs.end * spec_.pac}; }
    void allocate_buffers(ArenaPlanner& planner);

    Dataset<T> data_;
    Sequential<T> generator_;
    Buffer<T> memory_;
    Matrix<T> latent_, dlatent_;
    HostArray<Index> real_rows_;  // of the data set, by p and pair; for pac > 1
    std::vector<LayerInput<T>> generator_layer_input_;
};

}  // namespace ds
