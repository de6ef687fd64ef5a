// Samples of a generator and scores of a discriminator, without a trace: in chunks, shared over the team, any number of
// threads at once. A sample's numbers depend on the seed and its place among the samples alone.
#pragma once
#include <vector>

#include "train/gen_model.h"
#include "train/inference.h"

namespace ds {

// What sampling reads: the moving average in the generator's place, or the model's own numbers.
template <class T>
class SampledWeights {
public:
    explicit SampledWeights(const GenModel<T>& model);
    const T* params() const { return params_; }

private:
    Buffer<T> own_;
    const T* params_;
};

template <class T>
class GenInference {
public:
    GenInference(const GenModel<T>& model, const Backend<T>& backend);

    int workers(Index rows, int available, bool generator) const;

    // out (n, data), contiguous; sample i of the share is number `first` + i of this seed's.
    void sample(const SampledWeights<T>& weights, T* out, const std::int64_t* labels, std::uint64_t seed,
                Index first, Index n, Share share, const Halt& halt) const;
    // x (n, data), contiguous, to one score a pack; `params` are what the layers see.
    void scores(const T* params, T* out, const T* x, const std::int64_t* labels, Index n, Share share,
                const Halt& halt) const;

private:
    const GenModel<T>& model_;
    const GenSpec& spec_;
    const Backend<T>& backend_;
    InferencePlans<T> generator_, discriminator_;
};

}  // namespace ds
