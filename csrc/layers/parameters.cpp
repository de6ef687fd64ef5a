#include "layers/parameters.h"

#include <utility>

#include "core/check.h"

namespace ds {
namespace {

constexpr Index kAlign = 16;  // elements: parameters start on 64 bytes at least

Index aligned(Index n) { return (n + kAlign - 1) / kAlign * kAlign; }

}  // namespace

Index ParameterTable::padded(Index cols) const {
    return element_size_ == sizeof(float) ? leading_dim<float>(cols) : leading_dim<double>(cols);
}

Index ParameterTable::add(std::string name, ParameterKind kind, Index layer, Index rows, Index cols,
                          bool average) {
    Parameter p;
    p.name = std::move(name);
    p.kind = kind;
    p.layer = layer;
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

}  // namespace ds
