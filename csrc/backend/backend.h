// The contract between the layers and whatever computes: about twenty operations on views. The CPU's stand in
// cpu.cpp; a device backend implements the same list. An operation works on a range of rows (or on one
// worker's share) and on nothing else, so that several workers can each call it for their part.
#pragma once
#include <cstdint>

#include "backend/view.h"
#include "core/halt.h"
#include "core/philox.h"
#include "gemm/gemm.h"
#include "kernels/cell_table.h"
#include "kernels/gan_table.h"
#include "kernels/loss_table.h"
#include "kernels/norm_table.h"
#include "kernels/optim_table.h"
#include "kernels/pointwise_table.h"

namespace ds {

// An activation as a layer configures it: alpha is the slope of leaky_relu or the scale of elu.
template <class T>
struct ActivationOf {
    Activation kind = Activation::kIdentity;
    T alpha = T(0);
};

// y = act(x W + b); `saved`, when set, receives the pre-activation as well.
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
    Index columns = 0;        // of y, of those planned; 0: all
    bool accumulate = false;  // y starts from what it holds
    bool zeros = false;       // x is all zeros: no more than its product's sign of zero is added
    Share share{};            // of the rows' product, if workers divide it among themselves
};

// dx = (dy Wᵀ) · act'(saved): the derivative is that of the layer below, whose output x was.
template <class T>
struct LinearBackwardInput {
    const GemmPlan<T>* plan = nullptr;
    Matrix<T> dx;
    Matrix<const T> dy;
    const T* w = nullptr;  // the transposed copy, or W itself when the plan reads it as stored
    Index ldw = 0;
    Index columns = 0;  // of dx; 0: as planned
    Matrix<const T> saved;
    ActivationOf<T> activation{};
    bool accumulate = false;  // dx starts from what it holds
    Share share{};            // as LinearForward's
};

// dw = xᵀ dy over the first `batch` rows, dbias = column sums of dy over the first `bias_batch`.
template <class T>
struct LinearBackwardWeight {
    const GemmPlan<T>* plan = nullptr;
    Matrix<T> dw;  // null: not asked for
    T* dbias = nullptr;
    Matrix<const T> dy;
    Matrix<const T> x;
    Index inputs = 0;
    Index outputs = 0;
    Index batch = 0;
    Index bias_batch = 0;
    bool accumulate = false;            // dw starts from what it holds, dbias too
    const Wanted<T>* wanted = nullptr;  // after dw
};

// Who runs a product: its room, and whom it asks between the parts of a long one (nobody: null).
template <class T>
struct Worker {
    T* scratch = nullptr;
    const Halt* halt = nullptr;

    bool halted() const { return halt && halt->asked(); }
};

// Which random numbers are drawn: they depend on the seed, the place and nothing else. `layer` tells those of one
// stream apart.
struct RandomKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    std::uint32_t layer = 0;
};

template <class T>
class Backend {
public:
    virtual ~Backend() = default;

    // Columns that fill the last register of these too, if their rows have room for them (leading_dim): they cost no
    // more, and nothing is masked. What stands in them means nothing.
    virtual Index whole_registers(Index columns) const = 0;

    // Plans: everything about a matmul that can be decided once. `batch` is the most rows it will be run
    // with.
    virtual GemmPlan<T> plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const = 0;
    virtual GemmPlan<T> plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                            bool as_stored) const = 0;
    virtual GemmPlan<T> plan_backward_weight(Index batch, Index inputs, Index outputs, Index ldw) const = 0;

    // The same for one weight and many products of few rows: they read what pack() made of it.
    virtual GemmPlan<T> plan_packed(Index batch, Index k, Index n, bool transpose) const = 0;
    virtual void pack(const GemmPlan<T>& plan, const T* w, Index ldw, T* packed) const = 0;

    virtual void gather(Matrix<T> out, Matrix<const T> in, const Index* index, Range rows,
                        Index cols) const = 0;

    virtual void linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const = 0;
    virtual void linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                                       const Worker<T>& worker) const = 0;
    virtual void linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                        const Worker<T>& worker) const = 0;

    // out[index[i]] += in[i] for rows i in ascending order: gather's way back.
    virtual void scatter_add(Matrix<T> out, Matrix<const T> in, const Index* index, Index rows,
                             Range cols) const = 0;

    // What stands between the two products of a recurrent step.
    virtual void cell_forward(Cell cell, const CellForward<T>& op) const = 0;
    virtual void cell_backward(Cell cell, const CellBackward<T>& op) const = 0;
    virtual void cell_tangent(Cell cell, const CellTangent<T>& op) const = 0;
    virtual void cell_bent(Cell cell, const CellBent<T>& op) const = 0;

    // y = act(z); y may be z.
    virtual void activation_forward(Matrix<T> y, Matrix<const T> z, ActivationOf<T> a, Range rows,
                                    Index cols) const = 0;
    virtual void activation_backward(Matrix<T> d, Matrix<const T> saved, ActivationOf<T> a, Range rows,
                                     Index cols) const = 0;
    virtual void softmax(Matrix<T> y, Matrix<const T> z, Range rows, Index cols) const = 0;
    virtual void softmax_backward(Matrix<T> dz, Matrix<const T> dy, Matrix<const T> y, Range rows,
                                  Index cols) const = 0;
    // The first of the largest of n elements.
    virtual Index largest(const T* x, Index n) const = 0;

    // e *= dz · act''(saved).
    virtual void curvature(Matrix<T> e, Matrix<const T> dz, Matrix<const T> saved, ActivationOf<T> a,
                           Range rows, Index cols) const = 0;

    // Row i draws as row `first` + i.
    virtual void dropout_mask(Matrix<T> mask, double rate, const RandomKey& key, Range rows, Index cols,
                              Index first = 0) const = 0;
    // Uniform numbers in (0, 1) and standard normal ones; row i draws as row `first` + i.
    virtual void uniform(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                         Index cols) const = 0;
    virtual void normal(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                        Index cols) const = 0;
    virtual void multiply(Matrix<T> y, Matrix<const T> a, Matrix<const T> b, Range rows,
                          Index cols) const = 0;
    virtual void add(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const = 0;  // y += x
    // out[j] = Σ x[i][j] over the rows, in chunks as the matmul's; `accumulate`: out starts from what it holds.
    virtual void column_sums(T* out, Matrix<const T> x, Range rows, Range cols,
                             bool accumulate = false) const = 0;
    virtual void copy(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const = 0;

    // Layer and batch normalisation, whose passes the norm layers walk themselves.
    virtual const NormKernels<T>& norm() const = 0;
    // What adversaries need, likewise.
    virtual const GanKernels<T>& gan() const = 0;

    // Row losses and the gradient of the batch loss.
    virtual void loss(Loss kind, const LossArgs<T>& args) const = 0;
    virtual double sum(const T* x, Index n) const = 0;
    virtual double weighted_sum(const T* x, const T* w, Index n) const = 0;

    virtual double sum_squares(const T* x, Index n) const = 0;
    virtual bool update(Optimizer kind, const UpdateArgs<T>& args) const = 0;
    virtual void transpose(Matrix<T> out, Matrix<const T> in, Index rows, Index cols) const = 0;
};

}  // namespace ds
