// The weights of a recurrent stack: a table of the tokens' vectors if it has one, and the recurrent layers. A Rec has
// one such body, adversaries on sequences one each.
#pragma once
#include <string>
#include <vector>

#include "layers/recurrent.h"
#include "train/stack_spec.h"

namespace ds {

template <class T>
class RecBody {
public:
    // Names of the parameters begin with `prefix`; the random numbers, of first values and of masks, are those of a
    // Rec from Philox layer `philox` on. `wanted`: somebody asks for the gradient by the inputs, table or not.
    RecBody(ParameterTable& table, const StackSpec& spec, const std::string& prefix, Index philox,
            const std::string& embedding_name = "embedding.weight", bool wanted = false);

    const StackSpec& spec() const { return spec_; }
    const std::vector<Recurrent<T>>& stack() const { return stack_; }
    Index philox() const { return philox_; }
    Index embedding() const { return embedding_; }  // offset in the slab, or -1
    Index embedding_ld() const { return embedding_ld_; }

    // Whether p is a parameter of this body; then its first values, in PyTorch's layout.
    bool draw(const Parameter& p, std::uint64_t seed, T* values) const;

    // States of one sequence: h (and c) of every layer, one behind the other.
    Index state_size() const;
    // Floating-point operations of one step of one sequence, forward.
    double step_flops() const;

private:
    StackSpec spec_;
    Index philox_;
    Index embedding_ = -1, embedding_ld_ = 0;
    std::vector<Recurrent<T>> stack_;
};

}  // namespace ds
