// The weights of a recurrent stack: the embedding table of the tokens, if there are any, and the recurrent
// layers. A Rec has one body; a GAN of sequences has one for each player.
#pragma once
#include <string>
#include <vector>

#include "layers/recurrent/recurrent.h"
#include "rec/stack_spec.h"

namespace ds {

struct RecBodyOptions {
    std::string prefix;  // of the parameters' names
    std::string embedding_name = "embedding.weight";
    Index rng_stream = 0;           // added to the stream numbers of a Rec
    bool needs_input_grad = false;  // of the features of each step
};

template <class T>
class RecBody {
public:
    RecBody(ParameterTable& table, const StackSpec& spec, const RecBodyOptions& options);

    const StackSpec& spec() const { return spec_; }
    const std::vector<Recurrent<T>>& stack() const { return stack_; }
    Index rng_stream() const { return rng_stream_; }
    Index embedding() const { return embedding_; }  // offset in the flat buffer, or -1
    Index embedding_ld() const { return embedding_ld_; }
    // The embedding table in a flat buffer of parameters or gradients.
    template <class U>
    Matrix<U> table(U* flat) const {
        return {flat + embedding_, embedding_rows_, spec_.embedding_size, embedding_ld_};
    }

    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const;

    // Numbers in the states of one sequence: h, and c if the cell has it, of every layer in order.
    Index state_size() const;
    // Floating-point operations of one step of one sequence in the forward pass.
    double step_flops() const;

private:
    StackSpec spec_;
    Index rng_stream_;
    Index table_embedding_ = -1, embedding_ = -1, embedding_rows_ = 0, embedding_ld_ = 0;
    std::vector<Recurrent<T>> stack_;
};

}  // namespace ds
