// A model: one flat buffer that holds every parameter, its layout, and the transposed copies that the
// backward pass reads. Each kind of model has its own layers (net/model.h, rec/model.h, gen/model.h).
#pragma once
#include "backend/device.h"
#include "layers/layer.h"
#include "training/player.h"
#include "training/spec.h"

namespace ds {

template <class T>
class Model {
public:
    virtual ~Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // The part of a player's specification that training needs, and the player's range of the parameters.
    virtual const ModelSpec& training(Player player = kFirstPlayer) const = 0;
    virtual Range part(Player) const { return {0, table_.trainable_size()}; }
    virtual std::span<const Player> players() const { return {kPlayers, 1}; }

    const Device<T>& device() const { return device_; }  // where the parameters lie
    const ParameterTable& table() const { return table_; }
    T* params() { return params_.data(); }
    const T* params() const { return params_.data(); }
    const T* copies() const { return copies_.data(); }
    T* copies() { return copies_.data(); }

    // Draws new parameters from the seed.
    void initialise(std::uint64_t seed);
    // Updates the transposed copies after parameters were set from outside.
    void refresh_copies();

protected:
    explicit Model(const Device<T>& device) : device_(device) {}
    void allocate();  // once the table is complete

    // Writes the initial values of all parameters into a flat array of zeros in the host's memory.
    virtual void init_parameters(std::uint64_t seed, T* params) const = 0;
    virtual void keep_seed(std::uint64_t seed) = 0;  // shuffling and dropout use it too

    ParameterTable table_{sizeof(T)};

private:
    Device<T> device_;
    Buffer<T> params_, copies_;
};

}  // namespace ds
