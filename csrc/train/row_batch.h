// A batch of rows: the generator is a chain of dense layers over latent numbers, and what the discriminator is shown
// are its dense layers' inputs.
#pragma once
#include "train/dataset.h"
#include "train/gen_batch.h"

namespace ds {

template <class T>
class RowBatch final : public GenBatch<T> {
public:
    RowBatch(GenModel<T>& model, const Backend<T>& backend, const Dataset<T>& data, Index batch, int workers);

    using typename GenBatch<T>::Desk;
    void make(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) override;
    void show(Desk& desk, const BatchPlace& at, double probability, Share share, bool real) override;
    void mix(Desk& desk, Share share) override;
    void penalise(Desk& desk, Share share, Barrier& barrier) override;
    void unmake(Desk& desk, Share share, Barrier& barrier) override;
    void weigh_generator(Desk& desk, Share share) override;
    void end_generator(T* params) override;
    const Chain<T>* generator() const override { return &generator_; }
    const std::vector<Below<T>>& generator_below() const override { return generator_below_; }

private:
    using GenBatch<T>::backend_;
    using GenBatch<T>::corruption_;
    using GenBatch<T>::features_;
    using GenBatch<T>::model_;
    using GenBatch<T>::packs_;
    using GenBatch<T>::spec_;

    // Whether rows are shown as the generator makes them, one a row of the features: then it makes them there.
    bool lends() const { return !corruption_.on() && spec_.pack == 1 && model_.features() == spec_.data; }
    void show_lent(const BatchPlace& at, Range rows);
    void take_gradient(Range rows);
    Range made_in(Range packs) const { return {packs.begin * spec_.pack, packs.end * spec_.pack}; }
    void carve(Carver& carver);

    Dataset<T> data_;
    Chain<T> generator_;
    Buffer<T> room_;
    Matrix<T> latent_, by_latent_;
    std::vector<Below<T>> generator_below_;
};

}  // namespace ds
