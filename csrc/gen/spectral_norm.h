// Spectral normalisation (Miyato et al. 2018): the discriminator's layers see W / σ, where σ = uᵀWv is the
// largest singular value. One power iteration after each update moves u and v; gradients treat them as
// constants. One worker calls it.
#pragma once
#include "gen/model.h"

namespace ds {

// Initialises u and v for the weights `w` of parameter p: u from random stream `stream`, then some power
// iterations.
template <class T>
void init_singular_vectors(const Parameter& p, const T* w, T* u, T* v, std::uint64_t seed,
                           std::uint32_t stream);

template <class T>
class SpectralNorm {
public:
    SpectralNorm(const GenModel<T>& model, const Device<T>& device);

    // Whether the model normalises any matrix; if not, the layers see the model's own parameters.
    bool on() const { return params_.size() > 0; }
    const T* params() const { return on() ? params_.data() : model_.params(); }
    const T* copies() const { return on() ? copies_.data() : model_.copies(); }

    void refresh();  // call it after the model's parameters change
    // One iteration of u and v unless the step has diverged, then refresh().
    void power_iteration(T* params, const StepStatus* status);
    // Turns the gradients with respect to the normalised parameters into those with respect to the model's,
    // in place.
    void backward(T* grads) const;

private:
    // Matrix i in a flat buffer, with its singular vectors.
    SpectralArgs<T> arguments(std::size_t i, T* flat) const;

    const GenModel<T>& model_;
    Device<T> device_;
    const Backend<T>& backend_;
    // The normalised parameters and their transposed copies, at the model's offsets. Only the discriminator's
    // are used.
    Buffer<T> params_, copies_;
    Buffer<T> sigma_;  // of each matrix
    Buffer<T> scratchpad_;
};

}  // namespace ds
