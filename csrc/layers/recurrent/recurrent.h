// A recurrent layer, one direction or two, over packed sequences: one driver for all cells
// (kernels/recurrent/cell_table.h).
//   a = x·W_ih + b_ih for all steps at once;  step by step: u = h·W_hh + b_hh, h = cell(a, u, h)
// Equations, names and gate orders are PyTorch's. The backward pass is back-propagation through time (Werbos
// 1990): gradients with respect to the pre-activations step by step, then one product over all steps for each
// weight.
//
// A worker runs whole sequences (batch_rows) through all steps, without barriers. Work on all steps at once
// is divided by packed rows or by tiles. The caller places a barrier between project, forward, backward and
// the rest. Forward and backward also run over ranges of steps, if a step's input depends on the previous
// step's output; states and their gradients stay in the buffers meanwhile.
#pragma once
#include <limits>

#include "layers/recurrent/recurrent_parts.h"

namespace ds {

template <class T>
struct RecurrentInput {
    Matrix<const T> x;              // packed
    const Index* tokens = nullptr;  // packed, instead of x
    Matrix<T> dx;                   // null: not needed
};

inline constexpr Range kAllSteps{0, std::numeric_limits<Index>::max()};

// A backward pass over some steps. It starts from the gradients with respect to y (buffers.dy if `each`) and
// to the last states (`last` if not null: by row, or by number from `first_number` on where rows have
// numbers).
template <class T>
struct RecurrentBackward {
    bool each = false;
    Matrix<const T> last;
    Index first_number = 0;
    Range steps = kAllSteps;
    // With tangents: the gradients go to tangent->d_dot and the batch's buffers stay unchanged. With
    // second_order: the backward pass of values and tangents together, in place.
    RecurrentTangent<T>* tangent = nullptr;
    bool second_order = false;
};

template <class T>
class Recurrent : public RecurrentParts<T> {
public:
    using RecurrentParts<T>::RecurrentParts;
    using RecurrentParts<T>::directions;
    using RecurrentParts<T>::outputs;

    void project(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                 RecurrentBuffers<T>& buffers, Range packed) const;
    // The first step's product of the states, before project(): the same bits (with one chunk of sums only).
    void start_state_product(const ExecContext<T>& exec, RecurrentBuffers<T>& buffers,
                             Range batch_rows) const;
    // Each step begins with a test of the stop token.
    void forward(const ExecContext<T>& exec, const SequenceLayout& layout, RecurrentBuffers<T>& buffers,
                 Range batch_rows, bool training, Range steps = kAllSteps) const;

    void backward(const ExecContext<T>& exec, const SequenceLayout& layout, RecurrentBuffers<T>& buffers,
                  const RecurrentBackward<T>& back, Range batch_rows) const;
    void input_gradient(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                        RecurrentBuffers<T>& buffers, Range packed) const;
    // `accumulate`: adds to the gradients.
    void weight_gradient(const ExecContext<T>& exec, const SequenceLayout& layout,
                         const RecurrentInput<T>& layer_input, RecurrentBuffers<T>& buffers, Share share,
                         bool accumulate) const;

    // project() and forward() of the tangents; layer_input holds tangents, and those of the initial states
    // are 0. After the backward pass, tangent_weight_gradient() adds their part to the weight gradients.
    void tangent_project(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                         const RecurrentBuffers<T>& buffers, RecurrentTangent<T>& tangent,
                         Range packed) const;
    void tangent_forward(const ExecContext<T>& exec, const SequenceLayout& layout,
                         const RecurrentBuffers<T>& buffers, RecurrentTangent<T>& tangent,
                         Range batch_rows) const;
    void tangent_weight_gradient(const ExecContext<T>& exec, const SequenceLayout& layout,
                                 const RecurrentInput<T>& layer_input, RecurrentTangent<T>& tangent,
                                 Share share) const;

private:
    using Parts = RecurrentParts<T>;
    using Parts::accumulates_into_gates;
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

    Matrix<T> half(Matrix<T> both, Index d) const {
        return both.col_slice({d * spec_.units, (d + 1) * spec_.units});
    }
    // The gradients with respect to the two products: those of the pre-activations, unless normalisation lies
    // between.
    Matrix<T> d_input_projection(const DirectionBuffers<T>& buffers) const {
        return spec_.layer_norm ? buffers.norm_ih.raw : buffers.gates;
    }
    Matrix<T> d_state_projection(const DirectionBuffers<T>& buffers) const {
        return spec_.layer_norm ? buffers.norm_hh.raw : state_part(buffers);
    }
    Matrix<T> state_part(const DirectionBuffers<T>& buffers) const {
        return shape_.separate_product ? buffers.saved : buffers.gates;
    }
    const T* bias(const ExecContext<T>& exec, Index offset) const {
        return offset < 0 || spec_.layer_norm ? nullptr : exec.params + offset;
    }
    // Rows before the first packed one of bordered_y.
    static Index border(const RecurrentBuffers<T>& buffers) {
        return (buffers.bordered_y.rows - buffers.y.rows) / 2;
    }
    Matrix<const T> h_prev(const SequenceLayout& layout, const RecurrentBuffers<T>& buffers, Index d) const;
    // Copies the initial states to where h_prev() reads them.
    void load_initial_state(const ExecContext<T>& exec, const SequenceLayout& layout,
                            RecurrentBuffers<T>& buffers, Index d, Range batch_rows) const;
    void draw_mask(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                   Range batch_rows) const;

    // `values`: the buffers whose tangents are computed; null: the values themselves are.
    void input_projection(const ExecContext<T>& exec, const RecurrentInput<T>& layer_input,
                          RecurrentBuffers<T>& buffers, const RecurrentBuffers<T>* values,
                          Range packed) const;
    // u = h·W_hh + b_hh, or its addition to the input projection.
    LinearForward<T> state_product(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                                   Index d) const;
    void add_early_product(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                           Range step_rows) const;
    struct ForwardRange {
        Range batch_rows, steps;
        bool training = true;
    };
    void direction_forward(const ExecContext<T>& exec, const SequenceLayout& layout,
                           RecurrentBuffers<T>& buffers, const RecurrentBuffers<T>* values, Index d,
                           const ForwardRange& range) const;
    void cell_forward(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers, Index d,
                      Range batch_rows, Range step_rows, bool keep) const;
    void cell_tangent(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                      const RecurrentBuffers<T>& values, Index d, Range batch_rows, Range step_rows) const;
    void direction_backward(const ExecContext<T>& exec, const SequenceLayout& layout,
                            RecurrentBuffers<T>& buffers, const RecurrentBackward<T>& back, Index d,
                            Range batch_rows) const;
    void cell_backward(const ExecContext<T>& exec, const RecurrentBuffers<T>& buffers,
                       const RecurrentBackward<T>& back, Index d, Range batch_rows, Range step_rows) const;
    void matrix_gradients(const ExecContext<T>& exec, const SequenceLayout& layout,
                          const RecurrentInput<T>& layer_input, const RecurrentBuffers<T>& from,
                          const RecurrentBuffers<T>& dbuffers, Index d, Range packed, Share share,
                          bool accumulate) const;
    Index rows_at_once(Index total) const;
    void row_gradients(const ExecContext<T>& exec, const Weights& weights, const DirectionBuffers<T>& buffers,
                       Range packed, Range cols, bool accumulate) const;
};

}  // namespace ds
