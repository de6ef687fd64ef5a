// A model's body: one slab that holds every parameter, its layout, and the transposed copies that the way back
// reads. What the layers are is the business of each kind of model (net_model.h, rec_model.h).
#pragma once
#include "core/arena.h"
#include "layers/layer.h"
#include "train/spec.h"

namespace ds {

template <class T>
class Model {
public:
    virtual ~Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // The part of the specification that training needs. Adversaries are two players, each trained in its own
    // way; every other model is one.
    virtual const ModelSpec& training(int player = 0) const = 0;
    virtual int players() const { return 1; }
    virtual Range part(int /*player*/) const { return {0, table_.trainable_size()}; }  // of the slab

    const ParameterTable& table() const { return table_; }
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

protected:
    Model() = default;
    void allocate();  // once the table is complete

    // The first values of parameter p, in PyTorch's layout.
    virtual void draw(const Parameter& p, std::uint64_t seed, T* values) const = 0;
    // Then what follows from other parameters, in the whole slab.
    virtual void derive(T* /*slab*/, std::uint64_t /*seed*/) const {}
    virtual void keep_seed(std::uint64_t seed) = 0;  // the order of the rows and dropout follow it too

    ParameterTable table_{sizeof(T)};

private:
    Buffer<T> params_, copies_;
};

// The first values of a dense layer's parameter or a norm's.
template <class T>
void draw_dense(const LayerSpec& layer, const Parameter& p, std::uint64_t seed, T* values);

}  // namespace ds
