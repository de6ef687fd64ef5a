// The operations on this machine's cores: the kernel table of one instruction set behind the backend
// contract.
#pragma once
#include "backend/backend.h"
#include "kernels/table.h"

namespace ds {

template <class T>
class CpuBackend final : public Backend<T> {
public:
    explicit CpuBackend(const KernelTable& table) : kernels_(kernels_of<T>(table)) {}

    Index whole_registers(Index columns) const override;
    GemmPlan<T> plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const override;
    GemmPlan<T> plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                    bool as_stored) const override;
    GemmPlan<T> plan_backward_weight(Index batch, Index inputs, Index outputs, Index ldw) const override;

    GemmPlan<T> plan_packed(Index batch, Index k, Index n, bool transpose) const override;
    void pack(const GemmPlan<T>& plan, const T* w, Index ldw, T* packed) const override {
        plan.pack(w, ldw, packed);
    }

    void gather(Matrix<T> out, Matrix<const T> in, const Index* index, Range rows, Index cols) const override;
    void scatter_add(Matrix<T> out, Matrix<const T> in, const Index* index, Index rows,
                     Range cols) const override;
    void cell_forward(Cell cell, const CellForward<T>& op) const override;
    void cell_backward(Cell cell, const CellBackward<T>& op) const override;
    void cell_tangent(Cell cell, const CellTangent<T>& op) const override;
    void cell_bent(Cell cell, const CellBent<T>& op) const override;
    void linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const override;
    void linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                               const Worker<T>& worker) const override;
    void linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                const Worker<T>& worker) const override;
    void activation_forward(Matrix<T> y, Matrix<const T> z, ActivationOf<T> a, Range rows,
                            Index cols) const override;
    void activation_backward(Matrix<T> d, Matrix<const T> saved, ActivationOf<T> a, Range rows,
                             Index cols) const override;
    void softmax(Matrix<T> y, Matrix<const T> z, Range rows, Index cols) const override;
    void softmax_backward(Matrix<T> dz, Matrix<const T> dy, Matrix<const T> y, Range rows,
                          Index cols) const override;
    Index largest(const T* x, Index n) const override;
    void curvature(Matrix<T> e, Matrix<const T> dz, Matrix<const T> saved, ActivationOf<T> a, Range rows,
                   Index cols) const override;
    void uniform(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                 Index cols) const override;
    void normal(Matrix<T> out, Stream stream, const RandomKey& key, Index first, Range rows,
                Index cols) const override;
    void dropout_mask(Matrix<T> mask, double rate, const RandomKey& key, Range rows, Index cols,
                      Index first) const override;
    void multiply(Matrix<T> y, Matrix<const T> a, Matrix<const T> b, Range rows, Index cols) const override;
    void add(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const override;
    void column_sums(T* out, Matrix<const T> x, Range rows, Range cols, bool accumulate) const override;
    void copy(Matrix<T> y, Matrix<const T> x, Range rows, Index cols) const override;
    const NormKernels<T>& norm() const override { return kernels_.norm; }
    const GanKernels<T>& gan() const override { return kernels_.gan; }
    void loss(Loss kind, const LossArgs<T>& args) const override;
    double sum(const T* x, Index n) const override { return kernels_.reduce.sum(x, n); }
    double weighted_sum(const T* x, const T* w, Index n) const override {
        return kernels_.reduce.weighted_sum(x, w, n);
    }
    double sum_squares(const T* x, Index n) const override { return kernels_.optim.sum_squares(x, n); }
    bool update(Optimizer kind, const UpdateArgs<T>& args) const override;
    void transpose(Matrix<T> out, Matrix<const T> in, Index rows, Index cols) const override;

private:
    const KernelsOf<T>& kernels_;
};

}  // namespace ds
