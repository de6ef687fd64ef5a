#include "train/model.h"

#include <algorithm>
#include <vector>

namespace ds {

template <class T>
void draw_dense(const LayerSpec& layer, const Parameter& p, std::uint64_t seed, T* values) {
    const bool one = p.kind == ParameterKind::kNormWeight || p.kind == ParameterKind::kRunningVariance;
    if (p.kind == ParameterKind::kWeight)
        init_weights(values, p.rows, p.cols, layer.init, layer.init_gain, seed,
                     static_cast<std::uint32_t>(p.layer));
    else
        std::fill_n(values, p.cols, one ? T(1) : T(0));
}

template <class T>
void Model<T>::allocate() {
    params_ = Buffer<T>(table_.size());
    copies_ = Buffer<T>(table_.transposed_size());
    std::fill_n(copies_.data(), copies_.size(), T(0));
}

template <class T>
void Model<T>::initialise(std::uint64_t seed) {
    Buffer<T> drawn(table_.size());  // apart, so that running out of memory changes nothing
    std::fill_n(drawn.data(), table_.size(), T(0));
    std::vector<T> values;
    for (const Parameter& p : table_.all()) {
        values.resize(static_cast<std::size_t>(p.rows * p.cols));
        draw(p, seed, values.data());
        import_parameter(p, values.data(), drawn.data());
    }
    derive(drawn.data(), seed);
    keep_seed(seed);
    std::copy_n(drawn.data(), table_.size(), params_.data());
    refresh_copies();
}

template <class T>
void Model<T>::refresh_copies() {
    for (const Parameter& p : table_.all()) {
        if (p.transposed < 0) continue;
        const T* w = params_.data() + p.offset;
        T* wt = copies_.data() + p.transposed;
        for (Index i = 0; i < p.rows; ++i)
            for (Index j = 0; j < p.cols; ++j) wt[j * p.transposed_ld + i] = w[i * p.ld + j];
    }
}

template <class T>
void Model<T>::export_parameter(const Parameter& p, const T* slab, T* out) const {
    const T* w = slab + p.offset;
    for (Index i = 0; i < p.rows; ++i)
        for (Index j = 0; j < p.cols; ++j)
            out[p.turned() ? j * p.rows + i : i * p.cols + j] = w[i * p.ld + j];
}

template <class T>
void Model<T>::import_parameter(const Parameter& p, const T* values, T* slab) const {
    T* w = slab + p.offset;
    for (Index i = 0; i < p.rows; ++i)
        for (Index j = 0; j < p.cols; ++j)
            w[i * p.ld + j] = values[p.turned() ? j * p.rows + i : i * p.cols + j];
}

template class Model<float>;
template class Model<double>;
template void draw_dense(const LayerSpec&, const Parameter&, std::uint64_t, float*);
template void draw_dense(const LayerSpec&, const Parameter&, std::uint64_t, double*);

}  // namespace ds
