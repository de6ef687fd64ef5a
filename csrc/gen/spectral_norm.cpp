#include "gen/spectral_norm.h"

#include <algorithm>

#include "backend/cpu/registry.h"

namespace ds {
namespace {

constexpr int kInitialIterations = 15;

template <class T>
SpectralArgs<T> spectral_arguments(const Parameter& p, T* w, T* u, T* v) {
    SpectralArgs<T> a;
    a.w = {w, p.rows, p.cols, p.ld};
    a.by_row = p.is_transposed() ? v : u;
    a.by_col = p.is_transposed() ? u : v;
    a.rows_first = p.is_transposed();  // v ← Wᵀu / |Wᵀu|, then u ← Wv / |Wv|
    return a;
}

}  // namespace

template <class T>
void init_singular_vectors(const Parameter& p, const T* w, T* u, T* v, std::uint64_t seed,
                           std::uint32_t stream) {
    const GanKernels<T>& k = kernels_of<T>(active_kernels()).gan;
    const Index n = p.is_transposed() ? p.cols : p.rows;
    init_weights(u, n, Index(1), Init::kNormal, 1.0, seed, stream);
    k.unit_vector(u, n);
    const SpectralArgs<T> a = spectral_arguments(p, const_cast<T*>(w), u, v);
    for (int i = 0; i < kInitialIterations; ++i) k.power_iteration(a);
}

template <class T>
SpectralNorm<T>::SpectralNorm(const GenModel<T>& model, const Device<T>& device)
    : model_(model), device_(device), backend_(device.backend) {
    if (model.spectral_matrices().empty()) return;
    params_ = Buffer<T>(device.memory, model.part(Player::kDiscriminator).end);
    copies_ = Buffer<T>(device.memory, model.table().transposed_size());
    device.memory.fill_zero(copies_.data(), copies_.size());
    sigma_ = Buffer<T>(device.memory, static_cast<Index>(model.spectral_matrices().size()));
    Index rows = 0;
    for (const SpectralMatrix& m : model.spectral_matrices())
        rows = std::max(rows, model.table()[m.weight].rows);
    scratchpad_ = Buffer<T>(device.memory, rows);
    refresh();
}

template <class T>
SpectralArgs<T> SpectralNorm<T>::arguments(std::size_t i, T* flat) const {
    const SpectralMatrix& matrix = model_.spectral_matrices()[i];
    const ParameterTable& table = model_.table();
    T* params = const_cast<T*>(model_.params());
    SpectralArgs<T> a = spectral_arguments(table[matrix.weight], flat + table[matrix.weight].offset,
                                           params + table[matrix.u].offset, params + table[matrix.v].offset);
    a.sigma = const_cast<T*>(sigma_.data()) + i;
    a.products = const_cast<T*>(scratchpad_.data());
    return a;
}

template <class T>
void SpectralNorm<T>::refresh() {
    if (!on()) return;
    const Range part = model_.part(Player::kDiscriminator);
    device_.memory.copy(params_.data() + part.begin, model_.params() + part.begin, part.size());
    for (std::size_t i = 0; i < model_.spectral_matrices().size(); ++i) {
        const Parameter& p = model_.table()[model_.spectral_matrices()[i].weight];
        backend_.spectral_normalize(arguments(i, params_.data()));
        if (p.transposed >= 0)
            backend_.transpose(p.transposed_view(copies_.data()), p.view<const T>(params_.data()));
    }
}

template <class T>
void SpectralNorm<T>::power_iteration(T* params, const StepStatus* status) {
    if (!on()) return;
    for (std::size_t i = 0; i < model_.spectral_matrices().size(); ++i) {
        SpectralArgs<T> a = arguments(i, params);
        a.status = status;
        backend_.power_iteration(a);
    }
    refresh();
}

// dW = (dŴ - ⟨dŴ, Ŵ⟩ u vᵀ) / σ.
template <class T>
void SpectralNorm<T>::backward(T* grads) const {
    for (std::size_t i = 0; i < model_.spectral_matrices().size(); ++i) {
        SpectralArgs<T> a = arguments(i, const_cast<T*>(params_.data()));
        a.dw = a.w;
        a.dw.p = grads + model_.table()[model_.spectral_matrices()[i].weight].offset;
        backend_.spectral_backward(a);
    }
}

template void init_singular_vectors(const Parameter&, const float*, float*, float*, std::uint64_t,
                                    std::uint32_t);
template void init_singular_vectors(const Parameter&, const double*, double*, double*, std::uint64_t,
                                    std::uint32_t);
template class SpectralNorm<float>;
template class SpectralNorm<double>;

}  // namespace ds
