#include "layers/parameters.h"

#include <utility>
#include <vector>

#include "core/check.h"

namespace ds {
namespace {

constexpr Index kAlign = 16;  // elements: parameters begin on a 64-byte boundary

Index aligned(Index n) { return (n + kAlign - 1) / kAlign * kAlign; }

}  // namespace

Index ParameterTable::padded(Index cols) const {
    return element_size_ == sizeof(float) ? leading_dim<float>(cols) : leading_dim<double>(cols);
}

Index ParameterTable::add(std::string name, ParameterKind kind, Index rows, Index cols, bool average) {
    Parameter p;
    p.name = std::move(name);
    p.kind = kind;
    p.rows = rows;
    p.cols = cols;
    p.average = average;
    p.ld = rows == 1 ? cols : padded(cols);
    p.offset = size_;
    size_ = checked_add(size_, aligned(checked_mul(rows, p.ld)));
    if (p.trainable()) trainable_ = size_;
    parameters_.push_back(std::move(p));
    return static_cast<Index>(parameters_.size()) - 1;
}

void ParameterTable::keep_transposed(Index index) {
    Parameter& p = parameters_[static_cast<std::size_t>(index)];
    p.transposed = transposed_;
    p.transposed_ld = padded(p.rows);
    transposed_ = checked_add(transposed_, aligned(checked_mul(p.cols, p.transposed_ld)));
}

Index ParameterTable::count() const {
    Index n = 0;
    for (const Parameter& p : parameters_)
        if (p.trainable()) n += p.rows * p.cols;
    return n;
}

template <class T>
void export_parameter(const Parameter& p, const T* w, T* out) {
    for (Index i = 0; i < p.rows; ++i)
        for (Index j = 0; j < p.cols; ++j)
            out[p.is_transposed() ? j * p.rows + i : i * p.cols + j] = w[i * p.ld + j];
}

template <class T>
void import_parameter(const Parameter& p, const T* values, T* w) {
    for (Index i = 0; i < p.rows; ++i)
        for (Index j = 0; j < p.cols; ++j)
            w[i * p.ld + j] = values[p.is_transposed() ? j * p.rows + i : i * p.cols + j];
}

template <class T>
void init_parameter(const Parameter& p, const WeightInit& init, std::uint64_t seed, T* flat, Index parts) {
    const Index inputs = p.is_transposed() ? p.rows : p.cols;
    const Index outputs = (p.is_transposed() ? p.cols : p.rows) / parts;
    std::vector<T> values(static_cast<std::size_t>(p.rows * p.cols));
    for (Index i = 0; i < parts; ++i)
        init_weights(values.data() + i * outputs * inputs, inputs, outputs, init.kind, init.gain, seed,
                     static_cast<std::uint32_t>(init.rng_stream + i));
    import_parameter(p, values.data(), flat + p.offset);
}

template <class T>
void fill_parameter(const Parameter& p, T value, T* flat) {
    for (Index i = 0; i < p.rows; ++i) std::fill_n(flat + p.offset + i * p.ld, p.cols, value);
}

template void export_parameter(const Parameter&, const float*, float*);
template void export_parameter(const Parameter&, const double*, double*);
template void import_parameter(const Parameter&, const float*, float*);
template void import_parameter(const Parameter&, const double*, double*);
template void init_parameter(const Parameter&, const WeightInit&, std::uint64_t, float*, Index);
template void init_parameter(const Parameter&, const WeightInit&, std::uint64_t, double*, Index);
template void fill_parameter(const Parameter&, float, float*);
template void fill_parameter(const Parameter&, double, double*);

}  // namespace ds
