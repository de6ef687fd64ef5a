#include "train/spectral.h"

#include <algorithm>
#include <cmath>

#include "backend/registry.h"

namespace ds {
namespace {

constexpr int kFirstTurns = 15;

// A matrix as it is stored, and its vectors by the stored rows and columns: a weight is stored turned.
template <class T>
struct Stored {
    Stored(const Parameter& p, T* u, T* v)
        : rows(p.rows), cols(p.cols), ld(p.ld), by_row(p.turned() ? v : u), by_col(p.turned() ? u : v) {}
    Index rows, cols, ld;
    T* by_row;
    T* by_col;
};

template <class T>
void make_unit(const GanKernels<T>& k, T* x, Index n) {
    const T norm = std::max(static_cast<T>(std::sqrt(k.dot(x, x, n))), T(1e-12));
    for (Index i = 0; i < n; ++i) x[i] /= norm;
}

template <class T>
void row_products(const GanKernels<T>& k, T* out, const Stored<T>& m, const T* w) {
    for (Index i = 0; i < m.rows; ++i) out[i] = k.dot(w + i * m.ld, m.by_col, m.cols);
}
template <class T>
void column_products(const GanKernels<T>& k, const Stored<T>& m, const T* w) {
    std::fill_n(m.by_col, m.cols, T(0));
    for (Index i = 0; i < m.rows; ++i) k.axpy(m.by_col, m.by_row[i], w + i * m.ld, m.cols);
}

// v ← Wᵀu, u ← Wv, each made a unit vector.
template <class T>
void turn_vectors(const GanKernels<T>& k, const Parameter& p, const T* w, T* u, T* v) {
    const Stored<T> m(p, u, v);
    if (p.turned()) {
        row_products(k, m.by_row, m, w);
        make_unit(k, m.by_row, m.rows);
        column_products(k, m, w);
        make_unit(k, m.by_col, m.cols);
    } else {
        column_products(k, m, w);
        make_unit(k, m.by_col, m.cols);
        row_products(k, m.by_row, m, w);
        make_unit(k, m.by_row, m.rows);
    }
}

}  // namespace

template <class T>
void first_singular_vectors(const Parameter& p, const T* w, T* u, T* v, std::uint64_t seed,
                            std::uint32_t layer) {
    const GanKernels<T>& k = kernels_of<T>(active_kernels()).gan;
    const Index n = p.turned() ? p.cols : p.rows;
    init_weights(u, n, Index(1), Init::kNormal, 1.0, seed, layer);
    make_unit(k, u, n);
    for (int i = 0; i < kFirstTurns; ++i) turn_vectors(k, p, w, u, v);
}

template <class T>
Spectral<T>::Spectral(const GenModel<T>& model, const Backend<T>& backend)
    : model_(model), backend_(backend) {
    if (model.spectral().empty()) return;
    params_ = Buffer<T>(model.part(0).end);
    copies_ = Buffer<T>(model.table().transposed_size());
    std::fill_n(copies_.data(), copies_.size(), T(0));
    sigma_.resize(model.spectral().size());
    Index rows = 0;
    for (const SpectralMatrix& m : model.spectral()) rows = std::max(rows, model.table()[m.weight].rows);
    room_.resize(static_cast<std::size_t>(rows));
    refresh();
}

template <class T>
void Spectral<T>::refresh() {
    if (!on()) return;
    const GanKernels<T>& k = backend_.gan();
    const Range part = model_.part(0);
    std::copy(model_.params() + part.begin, model_.params() + part.end, params_.data() + part.begin);
    for (std::size_t i = 0; i < sigma_.size(); ++i) {
        const SpectralMatrix& at = model_.spectral()[i];
        const Parameter& p = model_.table()[at.weight];
        T* w = params_.data() + p.offset;
        T* all = const_cast<T*>(model_.params());
        const Stored<T> m(p, all + model_.table()[at.u].offset, all + model_.table()[at.v].offset);
        row_products(k, room_.data(), m, w);
        sigma_[i] = k.dot(room_.data(), m.by_row, m.rows);
        for (Index r = 0; r < m.rows; ++r) k.scaled(w + r * m.ld, T(1) / sigma_[i], w + r * m.ld, m.cols);
        if (p.transposed >= 0)
            backend_.transpose({copies_.data() + p.transposed, p.transposed_ld}, {w, p.ld}, p.rows, p.cols);
    }
}

template <class T>
void Spectral<T>::turn(T* params) {
    if (!on()) return;
    const ParameterTable& table = model_.table();
    for (const SpectralMatrix& m : model_.spectral())
        turn_vectors(backend_.gan(), table[m.weight], params + table[m.weight].offset,
                     params + table[m.u].offset, params + table[m.v].offset);
    refresh();
}

// dW = (dŴ - ⟨dŴ, Ŵ⟩ u vᵀ) / σ.
template <class T>
void Spectral<T>::through(T* grads) const {
    const GanKernels<T>& k = backend_.gan();
    for (std::size_t i = 0; i < sigma_.size(); ++i) {
        const SpectralMatrix& at = model_.spectral()[i];
        const Parameter& p = model_.table()[at.weight];
        T* all = const_cast<T*>(model_.params());
        const Stored<T> m(p, all + model_.table()[at.u].offset, all + model_.table()[at.v].offset);
        const T* w = params_.data() + p.offset;
        T* d = grads + p.offset;
        T inner = T(0);
        for (Index r = 0; r < m.rows; ++r) inner += k.dot(d + r * m.ld, w + r * m.ld, m.cols);
        for (Index r = 0; r < m.rows; ++r) {
            T* row = d + r * m.ld;
            k.axpy(row, -inner * m.by_row[r], m.by_col, m.cols);
            k.scaled(row, T(1) / sigma_[i], row, m.cols);
        }
    }
}

template void first_singular_vectors(const Parameter&, const float*, float*, float*, std::uint64_t,
                                     std::uint32_t);
template void first_singular_vectors(const Parameter&, const double*, double*, double*, std::uint64_t,
                                     std::uint32_t);
template class Spectral<float>;
template class Spectral<double>;

}  // namespace ds
