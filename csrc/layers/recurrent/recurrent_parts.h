// Weights and buffers of a recurrent layer; recurrent.h computes with both. Names, layouts and gate orders of
// the weights are PyTorch's.
#pragma once
#include <string>

#include "core/random/init.h"
#include "layers/recurrent/cell_norm.h"
#include "layers/recurrent/sequence_layout.h"

namespace ds {

struct RecurrentSpec {
    Cell cell = Cell::kGru;
    Index inputs = 0, units = 0;
    bool tokens = false;  // inputs are row indices of W_ih, in place of one-hot vectors
    bool bidirectional = false;
    bool bias = true;
    bool needs_input_grad = true;
    bool layer_norm = false;
    double recurrent_dropout = 0.0;  // one mask per sequence, on the factor of W_hh (Gal & Ghahramani 2016)
    bool standard_init = true;       // W_ih glorot_uniform, W_hh orthogonal, biases 0 (LSTM's forget gate: 1)
    Init init = Init::kGlorotUniform;
    Index rng_stream = 0;  // added to its stream numbers
};

// The buffers of one direction for a batch. Packed: a row per step; by row: a row per sequence.
template <class T>
struct DirectionBuffers {
    Matrix<T> gates, saved;     // packed: see CellForward
    Matrix<T> h_prev;           // packed: the factor of W_hh; null if that is y of another step
    Matrix<T> c, dc;            // by row: the running cell state, if any, and its gradient
    Matrix<T> mask, masked_dh;  // by row: recurrent dropout's mask, and scratch for the gradient it masks
    CellNormBuffers<T> norm_ih, norm_hh;
    Matrix<T> early_product;  // by row: the states' product, if made before the inputs' (start_state_product)
    T *packed = nullptr,
      *packed_back = nullptr;  // W_hh in the order in which the steps read it, if it is large
};

template <class T>
struct RecurrentBuffers {
    bool zero_state = true;          // the states before the first step are zero
    bool has_early_product = false;  // start_state_product() has made the first step's product
    const Index* number = nullptr;   // by row: the number whose mask is drawn; null: the row itself
    Matrix<T> y;                     // packed, directions side by side
    Matrix<T> bordered_y;            // y, with the batch's rows before and after it for initial states
    Matrix<T> dy;                    // packed
    Matrix<T> h, dh;  // by row, directions side by side: the running states and their gradients
    DirectionBuffers<T> direction[2];
    GemmPlan<T> input, step, step_back, input_back, input_weight, state_weight;
};

// The additional buffers of double backward (Pearlmutter 1994; docs/design/gan-sequences.md derives it).
// Equal matrices are shared with the batch's own buffers.
template <class T>
struct RecurrentTangent {
    RecurrentBuffers<T> dot;         // the tangents
    RecurrentBuffers<T> d_dot;       // gradients with respect to the tangents of the pre-activations
    Matrix<T> dh_dot[2], dc_dot[2];  // the same of the tangents of the new states, packed, by direction
};

template <class T>
class RecurrentParts {
public:
    // Names of the parameters begin with `prefix`.
    RecurrentParts(ParameterTable& table, const std::string& prefix, Index layer, const RecurrentSpec& spec);

    Index units() const { return spec_.units; }
    Index directions() const { return spec_.bidirectional ? 2 : 1; }
    Index outputs() const { return directions() * spec_.units; }
    bool has_cell_state() const { return shape_.has_cell_state; }
    double flops() const { return 2.0 * double(directions() * columns() * (spec_.inputs + spec_.units)); }

    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const;

    // For `rows` sequences of `total` steps in all; `ragged`: they may have different lengths.
    void allocate_buffers(ArenaPlanner& planner, Index rows, Index total, bool ragged, bool training,
                          RecurrentBuffers<T>& buffers) const;
    // Call it after plan() and allocate_buffers() of `buffers`.
    void allocate_tangent(ArenaPlanner& planner, Index rows, Index total, const RecurrentBuffers<T>& buffers,
                          bool ragged, RecurrentTangent<T>& tangent) const;
    void plan(const Backend<T>& backend, Index rows, Index total, bool training,
              RecurrentBuffers<T>& buffers) const;
    Index scratchpad_size(const RecurrentBuffers<T>& buffers) const;

    // Packs large weights, before the first step and after each update. The workers divide whole weights.
    void pack(const ExecContext<T>& exec, RecurrentBuffers<T>& buffers, Share share) const;

    void clear_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers, Range batch_rows) const;
    // Copies h and c of some rows from and to the columns of a matrix from `column` on. Returns the column of the
    // next layer's states.
    Index set_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers, Matrix<const T> states,
                     Index column, Range batch_rows) const;
    Index get_states(const Backend<T>& backend, const RecurrentBuffers<T>& buffers, Matrix<T> states,
                     Index column, Range batch_rows) const;

protected:
    struct Weights {
        Index table_ih = 0, table_hh = 0;  // indices in the table; the others are offsets in the flat buffer
        Index ih = 0, hh = 0, bias_ih = -1, bias_hh = -1;
        Index ih_back = -1, hh_back = -1;  // of the transposed copies
        CellNorm<T> norm_ih, norm_hh;
    };
    // A matrix larger than the second-level cache is packed for the steps of a sequence.
    bool large() const { return spec_.units * columns() * Index(sizeof(T)) > (Index(3) << 19); }
    Index columns() const { return shape_.gates * spec_.units; }
    // Whether the state projection accumulates into the input projection. Otherwise it stays separate until
    // the cell.
    bool accumulates_into_gates() const { return !shape_.separate_product && !spec_.layer_norm; }

    RecurrentSpec spec_;
    CellShape shape_;
    Index layer_;
    Index ih_ld_ = 0, hh_ld_ = 0, ih_back_ld_ = 0, hh_back_ld_ = 0;
    Weights weights_[2];
};

}  // namespace ds
