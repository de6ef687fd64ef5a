// What a recurrent layer owns: its weights in the slab, and the room that a batch of sequences takes (recurrent.h runs
// over both). Names, layouts and gate orders of the weights are PyTorch's.
#pragma once
#include <string>

#include "core/random.h"
#include "layers/cell_norm.h"
#include "layers/sequence.h"

namespace ds {

struct RecurrentSpec {
    Cell cell = Cell::kGru;
    Index inputs = 0, units = 0;
    bool tokens = false;  // inputs are indices of rows of W_ih: a one-hot vector's product, without it
    bool both = false;    // directions
    bool bias = true;
    bool first = false;  // nobody asks for the input's gradient
    bool layer_norm = false;
    double recurrent_dropout = 0.0;  // one mask a sequence, on what W_hh multiplies (Gal & Ghahramani 2016)
    bool standard_init = true;       // glorot_uniform, orthogonal, zeros, and ones for the LSTM's forget gate
    Init init = Init::kGlorotUniform;
    Index philox = 0;  // added to the Philox layers of all its random numbers
};

// What a direction keeps of a batch.
template <class T>
struct DirectionTape {
    Matrix<T> gates, extra;  // packed: see CellForward
    Matrix<T> before;        // packed: what W_hh multiplied; null if that is y, a step further
    Matrix<T> c, dc;         // by row: the running memory of a cell that has one, and its gradient
    Matrix<T> mask, back;    // by row: recurrent dropout, and room for what it masks on the way back
    CellNormTape<T> norm_ih, norm_hh;
    Matrix<T> ahead;  // by row: the states' product where it is made before the inputs' (states_first)
    T *packed = nullptr,
      *packed_back = nullptr;  // W_hh, if it is large: in the order in which the steps read it
};

template <class T>
struct RecurrentTape {
    bool fresh = true;              // the states before the first step are zero
    bool states_first = false;      // the first step's product by the states is there already
    const Index* number = nullptr;  // by row: as which the masks are drawn; null: as the row itself
    Matrix<T> y;      // packed, directions side by side; with a batch's rows of room before and after
    Matrix<T> dy;     // packed
    Matrix<T> h, dh;  // by row, directions side by side: the running states and their gradients
    DirectionTape<T> direction[2];
    GemmPlan<T> input, step, step_back, input_back, input_weight, state_weight;
};

// What gradients of input gradients need besides (Pearlmutter 1994; docs/gen-sequences.md has the derivation): two
// tapes more, which borrow from the batch's own what is the same. `e` is the gradient by tangents.
template <class T>
struct RecurrentTangent {
    RecurrentTape<T> moved;      // tangents
    RecurrentTape<T> by;         // e by the pre-activations
    Matrix<T> by_h[2], by_c[2];  // e by the new states, packed, by direction
};

template <class T>
class RecurrentParts {
public:
    // Names of the parameters begin with `prefix`.
    RecurrentParts(ParameterTable& table, const std::string& prefix, Index layer, const RecurrentSpec& spec);

    Index units() const { return spec_.units; }
    Index directions() const { return spec_.both ? 2 : 1; }
    Index outputs() const { return directions() * spec_.units; }
    bool memory() const { return shape_.memory; }
    double flops() const { return 2.0 * double(directions() * columns() * (spec_.inputs + spec_.units)); }

    // Whether p is a parameter of this layer; then its first values, in PyTorch's layout.
    bool draw(const Parameter& p, std::uint64_t seed, T* values) const;

    // `rows` sequences of `total` steps in all; `ragged`: they may have different lengths.
    void carve(Carver& carver, Index rows, Index total, bool ragged, bool training,
               RecurrentTape<T>& tape) const;
    // Once `tape` is planned and carved.
    void carve_tangent(Carver& carver, Index rows, Index total, const RecurrentTape<T>& tape, bool ragged,
                       RecurrentTangent<T>& tangent) const;
    void plan(const Backend<T>& backend, Index rows, Index total, bool training,
              RecurrentTape<T>& tape) const;
    Index scratch(const RecurrentTape<T>& tape) const;

    // Once the weights stand, before the first step: pack them, if they are large. Shared by whole weights.
    void pack(const Pass<T>& pass, RecurrentTape<T>& tape, Share share) const;

    void clear_states(RecurrentTape<T>& tape, Range own) const;
    // h and c of one row, from and to an array; return where the next layer's begin.
    const T* set_state(RecurrentTape<T>& tape, Index row, const T* from) const;
    T* get_state(const RecurrentTape<T>& tape, Index row, T* to) const;

protected:
    struct Weights {  // offsets in the slab
        Index ih = 0, hh = 0, bias_ih = -1, bias_hh = -1;
        Index ih_back = -1, hh_back = -1;  // of the transposed copies
        CellNorm<T> norm_ih, norm_hh;
    };
    // A matrix beyond the second-level cache is worth packing for the steps of a sequence.
    bool large() const { return spec_.units * columns() * Index(sizeof(T)) > (Index(3) << 19); }
    Index columns() const { return shape_.gates * spec_.units; }
    // Whether the states' sums are added to the inputs': else they lie by themselves until the cell has them.
    bool adds_to_gates() const { return !shape_.split && !spec_.layer_norm; }

    RecurrentSpec spec_;
    CellShape shape_;
    Index layer_;
    Index ih_ld_ = 0, hh_ld_ = 0, ih_back_ld_ = 0, hh_back_ld_ = 0;
    Weights weights_[2];
};

}  // namespace ds
