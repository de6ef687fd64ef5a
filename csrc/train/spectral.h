// Spectral normalisation (Miyato et al. 2018): the discriminator's layers see W / σ, σ = uᵀWv its largest singular
// value. u and v follow W by power iteration, one turn after each update; to gradients they are constants. One worker
// does it.
#pragma once
#include <vector>

#include "train/gen_model.h"

namespace ds {

// Of new weights `w`, stored as parameter p is: u from Philox layer `layer`, then some turns.
template <class T>
void first_singular_vectors(const Parameter& p, const T* w, T* u, T* v, std::uint64_t seed,
                            std::uint32_t layer);

template <class T>
class Spectral {
public:
    Spectral(const GenModel<T>& model, const Backend<T>& backend);

    // Whether there is anything to normalise: without it the layers see the model's own numbers.
    bool on() const { return params_.size() > 0; }
    const T* params() const { return on() ? params_.data() : model_.params(); }
    const T* copies() const { return on() ? copies_.data() : model_.copies(); }

    void refresh();                // after the model's numbers changed
    void turn(T* params);          // power iteration, then refresh
    void through(T* grads) const;  // by the parameters, from those by what the layers see

private:
    const GenModel<T>& model_;
    const Backend<T>& backend_;
    Buffer<T> params_, copies_;  // offsets are the model's; only the discriminator's part is touched
    std::vector<T> sigma_, room_;
};

}  // namespace ds
