// Samples of the generator and scores of the discriminator for rows, in chunks that the workers share. Any
// number of threads may call it at once. A sample depends on the seed and its index alone.
#pragma once
#include <vector>

#include "gen/model.h"
#include "training/inference.h"

namespace ds {

// The weights that sampling uses: the moving average if the model keeps one, else the model's own.
template <class T>
class SampledWeights {
public:
    explicit SampledWeights(const GenModel<T>& model);
    const T* params() const { return params_; }

private:
    Buffer<T> averaged_;
    const T* params_;
};

template <class T>
class GenInference {
public:
    GenInference(const GenModel<T>& model, const Device<T>& device);

    int workers(Index rows, int available, bool generator) const;

    // out (n, data), contiguous: samples `first` … `first` + n - 1 of the seed.
    void sample(const SampledWeights<T>& weights, T* out, const std::int64_t* labels, std::uint64_t seed,
                Index first, Index n, Share share, const StopToken& stop_token) const;
    // x (n, data), contiguous; out has n / pac scores. `params` are the spectrally normalised parameters, if
    // any are.
    void scores(const T* params, T* out, const T* x, const std::int64_t* labels, Index n, Share share,
                const StopToken& stop_token) const;

private:
    const GenModel<T>& model_;
    const GenSpec& spec_;
    Device<T> device_;
    const Backend<T>& backend_;
    InferencePlans<T> generator_, discriminator_;
};

}  // namespace ds
