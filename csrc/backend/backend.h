// The operations that layers call: about twenty, on views. cpu/ implements them for the CPU; a device backend
// implements the same list. An operation reads and writes only its range of rows or its worker's share, so
// several workers can each call it for their part.
#pragma once
#include <cstdint>

#include "core/random/rng_streams.h"
#include "core/sparse_matrix.h"
#include "core/threads/stop_token.h"
#include "core/view.h"
#include "kernels/ctc/ctc_table.h"
#include "kernels/elementwise/elementwise_table.h"
#include "kernels/embedding/embedding_table.h"
#include "kernels/gan/gan_table.h"
#include "kernels/gemm/gemm_plan.h"
#include "kernels/loss/loss_table.h"
#include "kernels/norm/norm_table.h"
#include "kernels/optimizer/optimizer_table.h"
#include "kernels/recurrent/cell_table.h"
#include "kernels/recurrent/pooling_table.h"
#include "kernels/step/step_table.h"

namespace ds {

// A configured activation. alpha: the slope of leaky_relu, the scale of elu.
template <class T>
struct ActivationOf {
    Activation kind = Activation::kIdentity;
    T alpha = T(0);
};

// y = act(x W + b). `saved`, unless null, receives the pre-activation x W + b.
template <class T>
struct LinearForward {
    const GemmPlan<T>* plan = nullptr;
    Matrix<T> y;
    Matrix<T> saved;
    Matrix<const T> x;
    const T* w = nullptr;
    Index ldw = 0;
    const T* bias = nullptr;
    ActivationOf<T> activation{};
    Index columns = 0;        // columns of y that are computed; 0: as planned
    bool accumulate = false;  // y += x W, then bias and activation
    bool x_is_zero = false;   // all elements of x are zero, so the product is skipped
    Share share{};            // this worker's part of the product
};

// dx = (dy Wᵀ) · act'(saved), with the activation of the layer that computed x.
template <class T>
struct LinearBackwardInput {
    const GemmPlan<T>* plan = nullptr;
    Matrix<T> dx;
    Matrix<const T> dy;
    const T* w = nullptr;  // Wᵀ, or W if the plan transposes it
    Index ldw = 0;
    Index columns = 0;  // columns of dx that are computed; 0: as planned
    Matrix<const T> saved;
    ActivationOf<T> activation{};
    bool accumulate = false;  // dx += dy Wᵀ, then the derivative
    Share share{};            // this worker's part of the product
};

// dw = xᵀ dy over the first `batch` rows; dbias = the column sums of the first `bias_batch` rows of dy.
template <class T>
struct LinearBackwardWeight {
    const GemmPlan<T>* plan = nullptr;
    Matrix<T> dw;        // null: not computed
    T* dbias = nullptr;  // null: not computed
    Matrix<const T> dy;
    Matrix<const T> x;
    Index inputs = 0;
    Index outputs = 0;
    Index batch = 0;
    Index bias_batch = 0;
    bool accumulate = false;                         // add to dw and dbias
    const PrefetchHint<T>* prefetch_hint = nullptr;  // memory that is read after dw
};

// A worker's scratchpad, and a token (or null) that long products poll.
template <class T>
struct Worker {
    T* scratchpad = nullptr;
    const StopToken* stop_token = nullptr;

    bool stop_requested() const { return stop_token && stop_token->stop_requested(); }
};

// The random numbers of one use (core/random/rng_streams.h).
struct RandomKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    std::uint32_t stream = 0;
};

// The random numbers of rows: row i has those of index first + i. With numbers, by row, it has those of index
// first + number[i]. With a length, which numbers of sequences are composed with as sequence · length + step,
// it has those of index first + sequence, and the step is added to the stream.
struct Draw {
    RandomKey key;
    Index first = 0;
    const Index* number = nullptr;
    Index length = 0;
};

template <class T>
class Backend {
public:
    virtual ~Backend() = default;

    // Whether operations may run after their call, in the order of the calls. One worker calls them, and the host waits
    // before it reads what they have written.
    virtual bool is_asynchronous() const { return false; }
    virtual void synchronize() const {}

    // `columns`, rounded up to whole registers if rows with leading_dim(columns) elements are long enough.
    // Computing the padding costs nothing, and no operation needs a mask. Columns >= `columns` are
    // unspecified.
    virtual Index padded_columns(Index columns) const = 0;

    // Plans of matrix products. `batch`: the most rows of a product. transpose_w: the product gets W as it is
    // stored, instead of a transposed copy.
    virtual GemmPlan<T> plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const = 0;
    virtual GemmPlan<T> plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                            bool transpose_w) const = 0;
    virtual GemmPlan<T> plan_backward_weight(Index batch, Index inputs, Index outputs, Index ldw) const = 0;

    // A plan for many products of few rows with one weight, which pack() has packed.
    virtual GemmPlan<T> plan_packed(Index batch, Index k, Index n, bool transpose) const = 0;
    virtual void pack(const GemmPlan<T>& plan, const T* w, Index ldw, T* packed) const = 0;

    // out[i] = in[index[i]] for rows i; without an index in[i].
    virtual void gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                        Range rows) const = 0;
    virtual void gather(Index* out, const Index* in, const Index* index, Range rows) const = 0;
    // The same of weights, divided by their sum *total in double; 0 if that is not positive.
    virtual void gather_weights(T* out, const T* weight, const Index* index, const double* total,
                                Range rows) const = 0;

    virtual void linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const = 0;
    virtual void linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                                       const Worker<T>& worker) const = 0;
    virtual void linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                        const Worker<T>& worker) const = 0;

    // The same with a sparse x, whose bits are those of the dense one; `op.x` is unused. The rows of xᵀ are
    // the inputs. `multiply_zeros`: dy is not finite, so the missing elements of x count (SparseProduct).
    virtual void sparse_forward(const LinearForward<T>& op, const SparseMatrix<T>& x, Range rows,
                                const Worker<T>& worker) const = 0;
    virtual void sparse_backward_weight(const LinearBackwardWeight<T>& op,
                                        const SparseMatrix<T>& x_transposed, bool multiply_zeros, Share share,
                                        const Worker<T>& worker) const = 0;

    // out[index[i]] = in[i] for rows i; no index is twice in the list.
    virtual void scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                         Range rows) const = 0;
    // out[index[i]] += in[i] for rows i in ascending order: the backward of gather.
    virtual void scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index) const = 0;

    // The elementwise part of a recurrent step, between its two matrix products.
    virtual void cell_forward(Cell cell, const CellForward<T>& op) const = 0;
    virtual void cell_backward(Cell cell, const CellBackward<T>& op) const = 0;
    virtual void cell_tangent(Cell cell, const CellTangent<T>& op) const = 0;
    virtual void cell_double_backward(Cell cell, const CellDoubleBackward<T>& op) const = 0;

    // Pooling of the steps of some sequences.
    virtual void pool_forward(const PoolArgs<T>& args) const = 0;
    virtual void pool_backward(const PoolArgs<T>& args) const = 0;
    virtual void pool_tangent(const PoolArgs<T>& args) const = 0;

    // y = act(z); y may be z.
    virtual void activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                                    Range rows) const = 0;
    virtual void activation_backward(const Matrix<T>& d, const Matrix<const T>& saved, ActivationOf<T> a,
                                     Range rows) const = 0;
    virtual void softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const = 0;
    virtual void softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y,
                                  Range rows) const = 0;
    // The index of the largest element of each row, the first one of several; and 1 there, 0 elsewhere. y may
    // be x.
    virtual void argmax(Index* out, const Matrix<const T>& x, Range rows) const = 0;
    virtual void one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const = 0;

    // d *= z_dot · act''(saved).
    virtual void activation_double_backward(const Matrix<T>& d, const Matrix<const T>& z_dot,
                                            const Matrix<const T>& saved, ActivationOf<T> a,
                                            Range rows) const = 0;

    virtual void dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const = 0;
    // Multiplies n entries of sparse row `row` by their elements of the same mask with `cols` columns.
    virtual void dropout_entries(T* value, const Column* column, Index n, Index cols, double rate,
                                 const RandomKey& key, Index row) const = 0;
    // Uniform numbers in (0, 1) and standard normal numbers.
    virtual void uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const = 0;
    virtual void normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const = 0;
    virtual void multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                          Range rows) const = 0;
    virtual void add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const = 0;  // y += x
    virtual void scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const = 0;
    // Uniform numbers in (0, 1) become Gumbel noise: -log(-log u).
    virtual void gumbel(const Matrix<T>& u, Range rows) const = 0;
    // out[j] = Σ x[i][j] over the rows, in the chunks of a matrix product; with `accumulate`, out[j] += the
    // sum.
    virtual void column_sums(T* out, const Matrix<const T>& x, bool accumulate = false) const = 0;
    virtual void copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const = 0;
    virtual void fill(const Matrix<T>& y, T value, Range rows) const = 0;
    virtual void fill(Index* y, Index value, Range range) const = 0;
    virtual bool all_finite(const Matrix<const T>& x) const = 0;  // no NaN, no infinity

    // Layer and batch normalisation, for the rows or columns that the arguments hold.
    virtual void layer_norm_forward(const NormForward<T>& args) const = 0;
    virtual void layer_norm_backward(const NormBackward<T>& args) const = 0;
    virtual void layer_norm_double_backward(const NormDoubleBackward<T>& args) const = 0;
    virtual void batch_norm_statistics(const BatchStatistics<T>& args) const = 0;
    virtual void batch_norm_forward(const NormForward<T>& args) const = 0;
    virtual void batch_norm_backward(const NormBackward<T>& args) const = 0;
    virtual void norm_weight_gradient(const NormWeightGradient<T>& args) const = 0;
    virtual void update_running_statistics(const RunningStatistics<T>& args) const = 0;
    virtual void inverse_stddev(T* scale, const T* variance, T eps, Index cols) const = 0;

    // Embeddings of numbers.
    virtual void periodic_forward(const PeriodicForward<T>& args) const = 0;
    virtual void periodic_backward(const PeriodicBackward<T>& args) const = 0;
    virtual void periodic_weight_gradient(const PeriodicWeightGradient<T>& args) const = 0;

    // GANs. y = share · a + (1 - share) · b, with the share of row i at index[i], or at i without an index.
    virtual void lerp(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
                      const Matrix<const T>& b, Range rows) const = 0;
    virtual void scale_shift(const Matrix<T>& y, const Matrix<const T>& x, const Matrix<const T>& factor,
                             const Matrix<const T>& shift, Range rows) const = 0;  // y = x · factor + shift
    virtual void augment(const AugmentArgs<T>& args) const = 0;
    virtual void projection_forward(const ProjectionForward<T>& args) const = 0;
    virtual void projection_weight_gradient(const ProjectionWeightGradient<T>& args) const = 0;
    // y[i] = factor[i] · x[i] and out[i] = a[i] · b[i] for rows i, with columns of factors and of sums.
    virtual void scale_rows(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x,
                            Range rows) const = 0;
    virtual void row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b,
                          Range rows) const = 0;
    virtual void gradient_penalty(const PenaltyArgs<T>& args) const = 0;
    virtual void discriminator_loss(GanLoss kind, const GanLossArgs<T>& args) const = 0;
    virtual void generator_loss(GanLoss kind, const GanLossArgs<T>& args) const = 0;
    virtual void minibatch_stddev_forward(const MinibatchStddevArgs<T>& args) const = 0;
    virtual void minibatch_stddev_backward(const MinibatchStddevArgs<T>& args) const = 0;
    virtual void minibatch_stddev_tangent(const MinibatchStddevArgs<T>& args) const = 0;
    virtual void minibatch_stddev_double_backward(const MinibatchStddevArgs<T>& args) const = 0;
    virtual void power_iteration(const SpectralArgs<T>& args) const = 0;
    virtual void spectral_normalize(const SpectralArgs<T>& args) const = 0;
    virtual void spectral_backward(const SpectralArgs<T>& args) const = 0;
    // average += params.one_minus_decay · (w - average), unless the step has diverged
    virtual void ema(T* average, const T* w, Index n, const StepParams<T>* params,
                     const StepStatus* status) const = 0;
    virtual void discriminator_tally(const DiscriminatorTally<T>& args) const = 0;
    virtual void generator_tally(StepStatus* status) const = 0;

    // The loss of each row, and the gradient of the batch loss.
    virtual void loss(Loss kind, const LossArgs<T>& args) const = 0;
    virtual void ctc(const CtcArgs<T>& args) const = 0;
    virtual double sum(const T* x, Index n) const = 0;
    virtual double weighted_sum(const T* x, const T* w, Index n) const = 0;

    virtual void batch_loss(const BatchLossArgs<T>& args) const = 0;

    // out[i] = the sum of squares of block i of kSquareBlock elements of x, for some blocks; the last one may be
    // in part.
    virtual void sum_squares(double* out, const T* x, Index n, Range blocks) const = 0;
    virtual void clip_scale(const ClipArgs<T>& args) const = 0;
    // Sets status->overflow if a new weight or moment is not finite.
    virtual void update(Optimizer kind, const UpdateArgs<T>& args, StepStatus* status) const = 0;
    virtual void transpose(const Matrix<T>& out, const Matrix<const T>& in) const = 0;
};

}  // namespace ds
