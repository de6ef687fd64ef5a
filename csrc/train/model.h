// A Net's body: the layers, and the slab that holds its parameters. It predicts; the trainer teaches it.
#pragma once
#include <memory>
#include <vector>

#include "core/arena.h"
#include "layers/layer.h"
#include "train/spec.h"

namespace ds {

template <class T>
class Model {
public:
    explicit Model(const NetSpec& spec);

    const NetSpec& spec() const { return spec_; }
    const ParameterTable& table() const { return table_; }
    const std::vector<std::unique_ptr<Layer<T>>>& layers() const { return layers_; }
    Index widest() const { return widest_; }

    T* params() { return params_.data(); }
    const T* params() const { return params_.data(); }
    const T* copies() const { return copies_.data(); }
    T* copies() { return copies_.data(); }

    // Draw the parameters anew from the seed.
    void initialise(std::uint64_t seed);
    // Rewrite the transposed copies after parameters were set from outside.
    void refresh_copies();

    // One parameter in PyTorch's layout (outputs, inputs), contiguous: out has rows·cols elements.
    void export_parameter(const Parameter& p, const T* slab, T* out) const;
    void import_parameter(const Parameter& p, const T* values, T* slab) const;

private:
    void build();

    NetSpec spec_;
    ParameterTable table_{sizeof(T)};
    std::vector<std::unique_ptr<Layer<T>>> layers_;
    Buffer<T> params_, copies_;
    Index widest_ = 0;
};

}  // namespace ds
