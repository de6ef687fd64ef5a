// A recurrent layer, one direction or two, over packed sequences: one driver for all cells (kernels/cell_table.h).
//   a = x·W_ih + b_ih for all steps at once;  step by step: u = h·W_hh + b_hh, h = cell(a, u, h)
// PyTorch's forms, names and gate orders. The way back is back-propagation through time (Werbos 1990): gradients by
// the pre-activations step by step, then one product over all steps for each weight.
//
// A worker runs whole sequences (its `own` rows) through all steps, so no barrier lies inside them; what runs over
// all steps at once is shared by packed rows or by tiles. The caller sets a barrier between the four.
#pragma once
#include <string>

#include "core/random.h"
#include "layers/cell_norm.h"
#include "layers/sequence.h"

namespace ds {

// Whether to give up what runs.
class Halt {
public:
    virtual ~Halt() = default;
    virtual bool asked() const { return false; }
};

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
};

// What a direction keeps of a batch.
template <class T>
struct DirectionTape {
    Matrix<T> gates, extra;  // packed: see CellForward
    Matrix<T> before;        // packed: what W_hh multiplied; null if that is y, a step further
    Matrix<T> c, dc;         // by row: the running memory of a cell that has one, and its gradient
    Matrix<T> mask, back;    // by row: recurrent dropout, and room for what it masks on the way back
    CellNormTape<T> norm_ih, norm_hh;
    T *packed = nullptr,
      *packed_back = nullptr;  // W_hh, if it is large: in the order in which the steps read it
};

template <class T>
struct RecurrentTape {
    bool fresh = true;  // the states before the first step are zero
    Matrix<T> y;        // packed, directions side by side; with a batch's rows of room before and after
    Matrix<T> dy;       // packed
    Matrix<T> h, dh;    // by row, directions side by side: the running states and their gradients
    DirectionTape<T> direction[2];
    GemmPlan<T> input, step, step_back, input_back, input_weight, state_weight;
};

template <class T>
struct RecurrentBelow {
    Matrix<const T> x;              // packed
    const Index* tokens = nullptr;  // packed, instead of x
    Matrix<T> dx;                   // null: nobody asks
};

template <class T>
class Recurrent {
public:
    Recurrent(ParameterTable& table, Index layer, const RecurrentSpec& spec);

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
    void plan(const Backend<T>& backend, Index rows, Index total, bool training,
              RecurrentTape<T>& tape) const;
    Index scratch(const RecurrentTape<T>& tape) const;

    // Once the weights stand, before the first step: pack them, if they are large. Shared by whole weights.
    void pack(const Pass<T>& pass, RecurrentTape<T>& tape, Share share) const;

    void clear_states(RecurrentTape<T>& tape, Range own) const;
    // h and c of one row, from and to an array; return where the next layer's begin.
    const T* set_state(RecurrentTape<T>& tape, Index row, const T* from) const;
    T* get_state(const RecurrentTape<T>& tape, Index row, T* to) const;

    void project(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                 Range packed) const;
    // `halt` is asked after each step; once true, what is left undone does not matter.
    void forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Range own,
                 bool training, const Halt& halt) const;

    // From the gradients by y (tape.dy if `each`) and by the last states (`last` if not null).
    void backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, bool each,
                  Matrix<const T> last, Range own, const Halt& halt) const;
    void input_gradient(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                        Range packed) const;
    void weight_gradient(const Pass<T>& pass, const SequenceLayout& layout, const RecurrentBelow<T>& below,
                         RecurrentTape<T>& tape, Share share) const;

private:
    struct Weights {  // offsets in the slab
        Index ih = 0, hh = 0, bias_ih = -1, bias_hh = -1;
        Index ih_back = -1, hh_back = -1;  // of the transposed copies
        CellNorm<T> norm_ih, norm_hh;
    };
    // A matrix beyond the second-level cache is worth packing for the steps of a sequence.
    bool large() const { return spec_.units * columns() * Index(sizeof(T)) > (Index(3) << 19); }
    Index columns() const { return shape_.gates * spec_.units; }
    Matrix<T> half(Matrix<T> both, Index d) const { return {both.p + d * spec_.units, both.ld}; }
    // The gradients by the products' sums: by the pre-activations, unless a normalisation stands between.
    Matrix<T> input_sums(const DirectionTape<T>& tape) const {
        return spec_.layer_norm ? tape.norm_ih.raw : tape.gates;
    }
    Matrix<T> state_sums(const DirectionTape<T>& tape) const {
        return spec_.layer_norm ? tape.norm_hh.raw : state_part(tape);
    }
    Matrix<T> state_part(const DirectionTape<T>& tape) const {
        return shape_.split ? tape.extra : tape.gates;
    }
    const T* bias(const Pass<T>& pass, Index offset) const {
        return offset < 0 || spec_.layer_norm ? nullptr : pass.params + offset;
    }
    Matrix<const T> before(const SequenceLayout& layout, const RecurrentTape<T>& tape, Index d) const;
    void enter(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Index d, Range own,
               bool training) const;
    void direction_forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Index d,
                           Range own, bool training, const Halt& halt) const;
    void direction_backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                            Index d, bool each, Range own, const Halt& halt) const;

    void row_gradients(const Pass<T>& pass, const Weights& weights, const DirectionTape<T>& tape, Index total,
                       Range cols) const;

    RecurrentSpec spec_;
    CellShape shape_;
    Index layer_;
    Index ih_ld_ = 0, hh_ld_ = 0, ih_back_ld_ = 0, hh_back_ld_ = 0;
    Weights weights_[2];
};

}  // namespace ds
