#include "gen/spectral_norm.h"

#include <algorithm>
#include <cmath>

#include "backend/cpu/registry.h"

namespace ds {
namespace {

constexpr int kInitialIterations = 15;

// A matrix as it is stored, which may be transposed, and its singular vectors by stored row and column.
template <class T>
struct StoredMatrix {
    StoredMatrix(const Parameter& p, T* u, T* v)
        : rows(p.rows),
          cols(p.cols),
          ld(p.ld),
          by_row(p.is_transposed() ? v : u),
          by_col(p.is_transposed() ? u : v) {}
    Index rows, cols, ld;
    T* by_row;
    T* by_col;
};

template <class T>
void make_unit_vector(const GanKernels<T>& k, T* x, Index n) {
    const T norm = std::max(static_cast<T>(std::sqrt(k.dot(x, x, n))), T(1e-12));
    for (Index i = 0; i < n; ++i) x[i] /= norm;
}

template <class T>
void row_products(const GanKernels<T>& k, T* out, const StoredMatrix<T>& m, const T* w) {
    for (Index i = 0; i < m.rows; ++i) out[i] = k.dot(w + i * m.ld, m.by_col, m.cols);
}
template <class T>
void column_products(const GanKernels<T>& k, const StoredMatrix<T>& m, const T* w) {
    std::fill_n(m.by_col, m.cols, T(0));
    for (Index i = 0; i < m.rows; ++i) k.axpy(m.by_col, m.by_row[i], w + i * m.ld, m.cols);
}

// v ← Wᵀu / |Wᵀu|, then u ← Wv / |Wv|.
template <class T>
void iterate_vectors(const GanKernels<T>& k, const Parameter& p, const T* w, T* u, T* v) {
    const StoredMatrix<T> m(p, u, v);
    if (p.is_transposed()) {
        row_products(k, m.by_row, m, w);
        make_unit_vector(k, m.by_row, m.rows);
        column_products(k, m, w);
        make_unit_vector(k, m.by_col, m.cols);
    } else {
        column_products(k, m, w);
        make_unit_vector(k, m.by_col, m.cols);
        row_products(k, m.by_row, m, w);
        make_unit_vector(k, m.by_row, m.rows);
    }
}

}  // namespace

template <class T>
void init_singular_vectors(const Parameter& p, const T* w, T* u, T* v, std::uint64_t seed,
                           std::uint32_t stream) {
    const GanKernels<T>& k = kernels_of<T>(active_kernels()).gan;
    const Index n = p.is_transposed() ? p.cols : p.rows;
    init_weights(u, n, Index(1), Init::kNormal, 1.0, seed, stream);
    make_unit_vector(k, u, n);
    for (int i = 0; i < kInitialIterations; ++i) iterate_vectors(k, p, w, u, v);
}

template <class T>
SpectralNorm<T>::SpectralNorm(const GenModel<T>& model, const Device<T>& device)
    : model_(model), device_(device), backend_(device.backend) {
    if (model.spectral_matrices().empty()) return;
    params_ = Buffer<T>(device.memory, model.part(Player::kDiscriminator).end);
    copies_ = Buffer<T>(device.memory, model.table().transposed_size());
    device.memory.fill_zero(copies_.data(), copies_.size());
    sigma_.resize(model.spectral_matrices().size());
    Index rows = 0;
    for (const SpectralMatrix& m : model.spectral_matrices())
        rows = std::max(rows, model.table()[m.weight].rows);
    scratchpad_.resize(static_cast<std::size_t>(rows));
    refresh();
}

template <class T>
void SpectralNorm<T>::refresh() {
    if (!on()) return;
    const GanKernels<T>& k = backend_.gan();
    const Range part = model_.part(Player::kDiscriminator);
    device_.memory.copy(params_.data() + part.begin, model_.params() + part.begin, part.size());
    for (std::size_t i = 0; i < sigma_.size(); ++i) {
        const SpectralMatrix& matrix = model_.spectral_matrices()[i];
        const Parameter& p = model_.table()[matrix.weight];
        T* w = params_.data() + p.offset;
        T* params = const_cast<T*>(model_.params());
        const StoredMatrix<T> m(p, params + model_.table()[matrix.u].offset,
                                params + model_.table()[matrix.v].offset);
        row_products(k, scratchpad_.data(), m, w);
        sigma_[i] = k.dot(scratchpad_.data(), m.by_row, m.rows);
        for (Index r = 0; r < m.rows; ++r) k.scale(w + r * m.ld, T(1) / sigma_[i], w + r * m.ld, m.cols);
        if (p.transposed >= 0)
            backend_.transpose(p.transposed_view(copies_.data()), p.view<const T>(params_.data()));
    }
}

template <class T>
void SpectralNorm<T>::power_iteration(T* params) {
    if (!on()) return;
    const ParameterTable& table = model_.table();
    for (const SpectralMatrix& m : model_.spectral_matrices())
        iterate_vectors(backend_.gan(), table[m.weight], params + table[m.weight].offset,
                        params + table[m.u].offset, params + table[m.v].offset);
    refresh();
}

// dW = (dŴ - ⟨dŴ, Ŵ⟩ u vᵀ) / σ.
template <class T>
void SpectralNorm<T>::backward(T* grads) const {
    const GanKernels<T>& k = backend_.gan();
    for (std::size_t i = 0; i < sigma_.size(); ++i) {
        const SpectralMatrix& matrix = model_.spectral_matrices()[i];
        const Parameter& p = model_.table()[matrix.weight];
        T* params = const_cast<T*>(model_.params());
        const StoredMatrix<T> m(p, params + model_.table()[matrix.u].offset,
                                params + model_.table()[matrix.v].offset);
        const T* w = params_.data() + p.offset;
        T* d = grads + p.offset;
        T inner = T(0);
        for (Index r = 0; r < m.rows; ++r) inner += k.dot(d + r * m.ld, w + r * m.ld, m.cols);
        for (Index r = 0; r < m.rows; ++r) {
            T* row = d + r * m.ld;
            k.axpy(row, -inner * m.by_row[r], m.by_col, m.cols);
            k.scale(row, T(1) / sigma_[i], row, m.cols);
        }
    }
}

template void init_singular_vectors(const Parameter&, const float*, float*, float*, std::uint64_t,
                                    std::uint32_t);
template void init_singular_vectors(const Parameter&, const double*, double*, double*, std::uint64_t,
                                    std::uint32_t);
template class SpectralNorm<float>;
template class SpectralNorm<double>;

}  // namespace ds
