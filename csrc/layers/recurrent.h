// A recurrent layer, one direction or two, over packed sequences: one driver for all cells (kernels/cell_table.h).
//   a = x·W_ih + b_ih for all steps at once;  step by step: u = h·W_hh + b_hh, h = cell(a, u, h)
// PyTorch's forms, names and gate orders. The way back is back-propagation through time (Werbos 1990): gradients by
// the pre-activations step by step, then one product over all steps for each weight.
//
// A worker runs whole sequences (its `own` rows) through all steps, so no barrier lies inside them; what runs over
// all steps at once is shared by packed rows or by tiles. The caller sets a barrier between the four.
// Where a step has to wait for what becomes of the one before, forward and backward run over ranges of steps: the
// states and their gradients stay in the tape meanwhile.
#pragma once
#include <limits>

#include "layers/recurrent_parts.h"

namespace ds {

template <class T>
struct RecurrentBelow {
    Matrix<const T> x;              // packed
    const Index* tokens = nullptr;  // packed, instead of x
    Matrix<T> dx;                   // null: nobody asks
};

inline constexpr Range kAllSteps{0, std::numeric_limits<Index>::max()};

// A walk back over some steps, from the gradients by y (tape.dy if `each`) and by the last states (`last` if not null,
// by row, or by number from `first_number` on where rows have numbers).
template <class T>
struct RecurrentBack {
    bool each = false;
    Matrix<const T> last;
    Index first_number = 0;
    Range steps = kAllSteps;
    // With tangents: to tangent->by, where their gradients go and the batch's tape stays as it is; `bent`: that of
    // values and tangents together, in place as without.
    RecurrentTangent<T>* tangent = nullptr;
    bool bent = false;
};

template <class T>
class Recurrent : public RecurrentParts<T> {
public:
    using RecurrentParts<T>::RecurrentParts;
    using RecurrentParts<T>::directions;
    using RecurrentParts<T>::outputs;

    void project(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                 Range packed) const;
    // The first step's product by the states, before project(): the same bits (of one chunk of sums; others wait).
    void states_first(const Pass<T>& pass, RecurrentTape<T>& tape, Range own) const;
    // The pass's halt is asked before each step.
    void forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Range own,
                 bool training, Range steps = kAllSteps) const;

    void backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                  const RecurrentBack<T>& back, Range own) const;
    void input_gradient(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
                        Range packed) const;
    // `accumulate`: added to what is there.
    void weight_gradient(const Pass<T>& pass, const SequenceLayout& layout, const RecurrentBelow<T>& below,
                         RecurrentTape<T>& tape, Share share, bool accumulate) const;

    // project and forward of the tangents, `below` theirs; the states before have none. Then, after the way back, what
    // they add to the weights' gradients.
    void tangent_project(const Pass<T>& pass, const RecurrentBelow<T>& below, const RecurrentTape<T>& tape,
                         RecurrentTangent<T>& tangent, Range packed) const;
    void tangent_forward(const Pass<T>& pass, const SequenceLayout& layout, const RecurrentTape<T>& tape,
                         RecurrentTangent<T>& tangent, Range own) const;
    void tangent_weight_gradient(const Pass<T>& pass, const SequenceLayout& layout,
                                 const RecurrentBelow<T>& below, RecurrentTangent<T>& tangent,
                                 Share share) const;

private:
    using Parts = RecurrentParts<T>;
    using Parts::adds_to_gates;
    using Parts::columns;
    using Parts::hh_back_ld_;
    using Parts::hh_ld_;
    using Parts::ih_back_ld_;
    using Parts::ih_ld_;
    using Parts::layer_;
    using Parts::shape_;
    using Parts::spec_;
    using Parts::weights_;
    using typename Parts::Weights;

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
    // The states that the first steps start from go where `before` looks for them.
    void enter(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape, Index d,
               Range own) const;
    void draw_mask(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range own) const;

    // `values`: those whose tangents are walked; null: the values themselves.
    void sums(const Pass<T>& pass, const RecurrentBelow<T>& below, RecurrentTape<T>& tape,
              const RecurrentTape<T>* values, Range packed) const;
    // u = h·W_hh + b_hh, or what of it stands where the inputs' sums do.
    LinearForward<T> state_product(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d) const;
    void add_ahead(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range at) const;
    struct Walk {
        Range own, steps;
        bool training = true;
    };
    void direction_forward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                           const RecurrentTape<T>* values, Index d, const Walk& walk) const;
    void cell_forward(const Pass<T>& pass, const RecurrentTape<T>& tape, Index d, Range own, Range at,
                      bool keep) const;
    void cell_tangent(const Pass<T>& pass, const RecurrentTape<T>& tape, const RecurrentTape<T>& values,
                      Index d, Range own, Range at) const;
    void direction_backward(const Pass<T>& pass, const SequenceLayout& layout, RecurrentTape<T>& tape,
                            const RecurrentBack<T>& back, Index d, Range own) const;
    void cell_backward(const Pass<T>& pass, const RecurrentTape<T>& tape, const RecurrentBack<T>& back,
                       Index d, Range own, Range at) const;
    void matrix_gradients(const Pass<T>& pass, const SequenceLayout& layout, const RecurrentBelow<T>& below,
                          const RecurrentTape<T>& from, const RecurrentTape<T>& by, Index d, Range packed,
                          Share share, bool accumulate) const;
    Index rows_at_once(Index total) const;
    void row_gradients(const Pass<T>& pass, const Weights& weights, const DirectionTape<T>& tape,
                       Range packed, Range cols, bool accumulate) const;
};

}  // namespace ds
