// A layer: forward and backward over a range of rows, weight gradient over a worker's share. Layers hold
// shapes and offsets and no activations. The results of a pass are in LayerBuffers of the caller, so that any
// number of threads can predict with one model.
//
// Convention of the backward pass: a layer's `d` is the gradient with respect to its pre-activation. The next
// layer writes it, and applies this layer's act' while the numbers are in cache.
#pragma once
#include <cstdint>
#include <stdexcept>

#include "backend/backend.h"
#include "core/memory/arena_planner.h"
#include "core/threads/thread_pool.h"
#include "layers/parameters.h"

namespace ds {

// Above this number of weights the matmul packs its operand anyway, and transposes W at the same time. Below
// it, a transposed copy saves the packing; the update refreshes it while W is in cache.
inline constexpr Index kLargeWeight = Index(1) << 18;

// Column parallelism, for few rows and many weights: all workers have the same rows and divide the columns of
// every product. Worker 0 does everything else.
struct ColumnParallel {
    Share share;
    Barrier& barrier;
};

template <class T>
struct ExecContext {
    const Backend<T>* backend = nullptr;
    const T* params = nullptr;
    const T* copies = nullptr;  // transposed weights
    T* grads = nullptr;
    Worker<T> worker;  // without a stop token where several workers run one sequence
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    Index batch = 0;                       // rows in this mini-batch
    Index tangents = 0;                    // rows of tangents after them
    const std::int64_t* labels = nullptr;  // of each row, for layers that need them
    // number·length + step of each row, if random numbers are those of sequences; null: those of rows.
    const Index* numbers = nullptr;
    Index length = 1;
    bool by_rows = false;      // gradient_rows() computes the gradients of large weights
    bool keep_logits = false;  // inference for a loss of the pre-activation
    Index first_row = 0;       // inference: number of the first row, for random numbers
    const ColumnParallel* column_parallel = nullptr;
    const StepStatus* status = nullptr;  // of the step, when running statistics are updated

    Share products() const { return column_parallel ? column_parallel->share : Share{}; }
    // Waits for the products of all workers. Returns whether this worker is the one that continues alone.
    bool is_lead_after_sync() const {
        if (column_parallel) column_parallel->barrier.wait();
        return products().worker == 0;
    }
};

// The buffers of one layer for one mini-batch, by row of the batch.
template <class T>
struct LayerBuffers {
    Matrix<T> y;      // output
    Matrix<T> saved;  // the argument of act': y itself, or the pre-activation
    Matrix<T> d;      // gradient with respect to the pre-activation
    Matrix<T> aux;    // dropout: the mask; norm: the normalised input
    T* stats = nullptr;
    // For tangents only (Layer::tangent).
    Matrix<T> second_order;  // activations with act'' ≠ 0: ∂/∂ẏ, then its part of d
    Matrix<T> n_dot;         // norm: the tangent of the normalised input
    GemmPlan<T> forward, backward_input, backward_weight;
    GemmPlan<T> backward_rows;  // of a block of the weight's rows; empty: all rows at once are faster
};

// A mini-batch of sparse rows, and its transpose.
template <class T>
struct SparseInput {
    SparseMatrix<T> rows, transposed;
    bool multiply_zeros = false;  // the layer's d is not finite (SparseProduct)
};

// The input of a layer: buffers of the previous layer, or of the model's input.
template <class T>
struct LayerInput {
    Matrix<const T> x;
    Matrix<T> d;  // null: its gradient is not needed
    Matrix<const T> saved;
    ActivationOf<T> activation;
    bool padded = false;                     // rows are padded to whole registers
    const SparseInput<T>* sparse = nullptr;  // instead of x
};

template <class T>
class Layer {
public:
    Layer(Index inputs, Index outputs, ActivationOf<T> activation)
        : inputs_(inputs), outputs_(outputs), activation_(activation) {}
    virtual ~Layer() = default;

    Index inputs() const { return inputs_; }
    Index outputs() const { return outputs_; }
    const ActivationOf<T>& activation() const { return activation_; }

    virtual bool trainable() const { return true; }
    // Adds running statistics to the table, after every trainable parameter.
    virtual void register_buffers(ParameterTable&) {}
    // Writes the initial values of the layer's parameters and running statistics into a flat buffer of zeros
    // (PyTorch's reset_parameters).
    virtual void init_parameters(const ParameterTable&, std::uint64_t /*seed*/, T* /*params*/) const {}

    // Buffers and plans of training for `batch` rows. allocate_planned() calls allocate_buffers() twice.
    virtual void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const;
    virtual void plan(const Backend<T>& backend, Index batch, bool training,
                      LayerBuffers<T>& buffers) const = 0;
    virtual Index scratchpad_size(const LayerBuffers<T>&) const { return 0; }

    virtual void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         LayerBuffers<T>& buffers, Range rows) const = 0;
    virtual void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                          LayerBuffers<T>& buffers, Range rows) const = 0;
    virtual void weight_gradient(const ExecContext<T>&, const LayerInput<T>&, const LayerBuffers<T>&,
                                 Share) const {}

    // If ExecContext::by_rows is set: the offset of the weight whose gradient weight_gradient() leaves out,
    // or -1; and the gradient of some of its rows. They have the weight's leading dimension, with zeros after
    // its columns. `prefetch_hint` names the memory that is read next.
    virtual Index weight_by_rows(const LayerBuffers<T>&) const { return -1; }
    virtual void gradient_rows(const ExecContext<T>&, const LayerInput<T>&, const LayerBuffers<T>&,
                               Range /*rows*/, T* /*to*/, const PrefetchHint<T>& /*prefetch_hint*/) const {}

    // y of `rows` rows from x, dense or sparse; nothing else is stored. Layers that are the identity in
    // inference return false below.
    virtual void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y,
                       const LayerBuffers<T>& plans, Index rows) const = 0;
    virtual void infer_sparse(const ExecContext<T>&, const SparseMatrix<T>&, Matrix<T>,
                              const LayerBuffers<T>&, Index) const {
        throw std::logic_error(
            "infer_sparse: got a layer without sparse inputs; expected a fully connected layer");
    }
    virtual bool active_in_inference() const { return true; }

    // Batch normalisation couples the rows of a batch. Its column sums run between two barriers, divided by
    // columns.
    virtual bool couples_rows() const { return false; }
    virtual void couple_forward(const ExecContext<T>&, const LayerInput<T>&, LayerBuffers<T>&, Share) const {}
    virtual void couple_backward(const ExecContext<T>&, const LayerInput<T>&, LayerBuffers<T>&, Share) const {
    }
    // Whether column parallelism is faster than row parallelism with `rows` rows per worker (ColumnParallel).
    virtual bool splits_columns(Index /*rows*/) const { return false; }
    // Gradient penalties (docs/design/gan.md). The tangents of batch rows `first` … lie behind the batch,
    // from row `base` on. tangent_view() returns the layer's buffers with the tangents as their rows and the
    // saved values of the forward pass. tangent() computes ẏ from ẋ. If `second_order` is set, it holds ∂/∂ẏ
    // before the call, and afterwards the part of d that comes from act''.
    virtual LayerBuffers<T> tangent_view(const LayerBuffers<T>& buffers, Index base, Index first) const;
    virtual void tangent(const ExecContext<T>&, const LayerInput<T>&, LayerBuffers<T>&, Range) const {
        throw std::logic_error(
            "tangent: got a layer without one; expected a layer that supports gradient penalties");
    }
    // The backward pass through forward pass and tangents together, for rows of the tangent view; its row 0
    // belongs to row `first` of the batch. Layers that are linear in x use backward() instead.
    virtual bool has_second_order() const { return false; }
    virtual void double_backward(const ExecContext<T>&, const LayerInput<T>&, LayerBuffers<T>&,
                                 const LayerInput<T>& /*of the view*/, const LayerBuffers<T>& /*view*/,
                                 Index /*first*/, Range) const {}

    // Updates the running statistics after the optimizer. One worker calls it.
    virtual void update_running_stats(const ExecContext<T>&, const LayerBuffers<T>&, T* /*params*/) const {}

protected:
    // Turns y from the tangent of the pre-activation into that of the output.
    void finish_tangent(const ExecContext<T>& exec, LayerBuffers<T>& view, Range rows) const;

    bool saves_input() const { return activation_saves_input(activation_.kind); }

    Index inputs_, outputs_;
    ActivationOf<T> activation_;
};

// y, d, and the argument of act' if it is not y.
template <class T>
void Layer<T>::allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const {
    buffers.y = planner.matrix<T>(batch, outputs_);
    buffers.saved = saves_input() ? planner.matrix<T>(batch, outputs_) : buffers.y;
    buffers.d = planner.matrix<T>(batch, outputs_);
}

template <class T>
LayerBuffers<T> Layer<T>::tangent_view(const LayerBuffers<T>& buffers, Index base, Index first) const {
    LayerBuffers<T> v = buffers;
    v.y = buffers.y.rows_from(base);
    v.d = buffers.d.rows_from(base);
    v.saved = buffers.saved.rows_from(first);
    if (buffers.aux) v.aux = buffers.aux.rows_from(first);
    if (buffers.stats) v.stats = buffers.stats + first;
    return v;
}

template <class T>
void Layer<T>::finish_tangent(const ExecContext<T>& exec, LayerBuffers<T>& view, Range rows) const {
    if (view.second_order)
        exec.backend->activation_double_backward(view.second_order, view.y, view.saved, activation_, rows);
    exec.backend->activation_backward(view.y, view.saved, activation_, rows);
}

}  // namespace ds
