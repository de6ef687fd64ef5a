// A Rec's body: an embedding if there are tokens, the recurrent layers, and dense layers on top.
#pragma once
#include "layers/recurrent.h"
#include "train/net_model.h"
#include "train/rec_spec.h"

namespace ds {

template <class T>
class RecModel final : public Model<T> {
public:
    explicit RecModel(const RecSpec& spec);

    const RecSpec& spec() const { return spec_; }
    const ModelSpec& training(int = 0) const override { return spec_; }
    const std::vector<Recurrent<T>>& stack() const { return stack_; }
    const Layers<T>& head() const { return head_; }
    Index embedding() const { return embedding_; }  // offset in the slab, or -1
    Index embedding_ld() const { return embedding_ld_; }

    // States of one sequence: h (and c) of every layer, one behind the other.
    Index state_size() const;
    // Floating-point operations of one step of one sequence, forward, without the head.
    double step_flops() const;

private:
    void draw(const Parameter& p, std::uint64_t seed, T* values) const override;
    void keep_seed(std::uint64_t seed) override { spec_.seed = seed; }

    RecSpec spec_;
    Index embedding_ = -1, embedding_ld_ = 0;
    std::vector<Recurrent<T>> stack_;
    Layers<T> head_;
};

}  // namespace ds
