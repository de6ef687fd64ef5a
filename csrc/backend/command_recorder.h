// A backend that runs nothing: it appends commands to the calling thread's list, which runs when the host needs a
// result. It knows which memory each operation reads and writes. A command gets a sync point only if it touches what
// a command since the last sync point has written, or writes what one has read; all others may run in any order.
//
// One worker calls the operations (is_asynchronous()). Plans pack no weights and gradients are not computed by rows.
// Operations that return a number run at once, after the list, and so does the list after a command that writes
// memory of the host, such as predictions.
#pragma once
#include "backend/command_executor.h"
#include "backend/recorded_memory.h"

namespace ds {

// For tests of the recorder.
struct RecorderOptions {
    bool shuffles = false;  // CommandExecutor::shuffle
    std::uint64_t seed = 0;
    Index checks_every = 0;        // commands between two that are checked (CommandRecorder::check); 0: none
    bool forgets_a_write = false;  // a planted fault: a forward product is said to write nothing
};

class Touches;

template <class T>
class CommandRecorder final : public Backend<T> {
public:
    // Both live until the process ends.
    CommandRecorder(const Backend<T>& executor, const RecordedMemory& memory, const RecorderOptions& options)
        : executor_(executor), memory_(memory), options_(options) {}

    // Runs the commands of this thread.
    static void run_commands();

    bool is_asynchronous() const override { return true; }
    void synchronize() const override { run_commands(); }

    Index padded_columns(Index columns) const override;
    GemmPlan<T> plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const override;
    GemmPlan<T> plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                    bool transpose_w) const override;
    GemmPlan<T> plan_backward_weight(Index batch, Index inputs, Index outputs, Index ldw) const override;
    GemmPlan<T> plan_packed(Index batch, Index k, Index n, bool transpose) const override;
    void pack(const GemmPlan<T>& plan, const T* w, Index ldw, T* packed) const override;
    void gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                Range rows) const override;
    void gather(Index* out, const Index* in, const Index* index, Range rows) const override;
    void gather_weights(T* out, const T* weight, const Index* index, const double* total,
                        Range rows) const override;
    void linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const override;
    void linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                               const Worker<T>& worker) const override;
    void linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                const Worker<T>& worker) const override;
    void sparse_forward(const LinearForward<T>& op, const SparseMatrix<T>& x, Range rows,
                        const Worker<T>& worker) const override;
    void sparse_backward_weight(const LinearBackwardWeight<T>& op, const SparseMatrix<T>& x_transposed,
                                bool multiply_zeros, Share share, const Worker<T>& worker) const override;
    void scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                 Range rows) const override;
    void scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index) const override;
    void cell_forward(Cell cell, const CellForward<T>& op) const override;
    void cell_backward(Cell cell, const CellBackward<T>& op) const override;
    void cell_tangent(Cell cell, const CellTangent<T>& op) const override;
    void cell_double_backward(Cell cell, const CellDoubleBackward<T>& op) const override;
    void pool_forward(const PoolArgs<T>& args) const override;
    void pool_backward(const PoolArgs<T>& args) const override;
    void pool_tangent(const PoolArgs<T>& args) const override;
    void activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                            Range rows) const override;
    void activation_backward(const Matrix<T>& d, const Matrix<const T>& saved, ActivationOf<T> a,
                             Range rows) const override;
    void softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const override;
    void softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y,
                          Range rows) const override;
    void argmax(Index* out, const Matrix<const T>& x, Range rows) const override;
    void one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const override;
    void activation_double_backward(const Matrix<T>& d, const Matrix<const T>& z_dot,
                                    const Matrix<const T>& saved, ActivationOf<T> a,
                                    Range rows) const override;
    void dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const override;
    void dropout_entries(T* value, const Column* column, Index n, Index cols, double rate,
                         const RandomKey& key, Index row) const override;
    void uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const override;
    void normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const override;
    void multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                  Range rows) const override;
    void add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const override;
    void scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const override;
    void gumbel(const Matrix<T>& u, Range rows) const override;
    void column_sums(T* out, const Matrix<const T>& x, bool accumulate) const override;
    void copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const override;
    void fill(const Matrix<T>& y, T value, Range rows) const override;
    void fill(Index* y, Index value, Range range) const override;
    bool all_finite(const Matrix<const T>& x) const override;
    void layer_norm_forward(const NormForward<T>& args) const override;
    void layer_norm_backward(const NormBackward<T>& args) const override;
    void layer_norm_double_backward(const NormDoubleBackward<T>& args) const override;
    void batch_norm_statistics(const BatchStatistics<T>& args) const override;
    void batch_norm_forward(const NormForward<T>& args) const override;
    void batch_norm_backward(const NormBackward<T>& args) const override;
    void norm_weight_gradient(const NormWeightGradient<T>& args) const override;
    void update_running_statistics(const RunningStatistics<T>& args) const override;
    void inverse_stddev(T* scale, const T* variance, T eps, Index cols) const override;
    void periodic_forward(const PeriodicForward<T>& args) const override;
    void periodic_backward(const PeriodicBackward<T>& args) const override;
    void periodic_weight_gradient(const PeriodicWeightGradient<T>& args) const override;
    void lerp(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
              const Matrix<const T>& b, Range rows) const override;
    void scale_shift(const Matrix<T>& y, const Matrix<const T>& x, const Matrix<const T>& factor,
                     const Matrix<const T>& shift, Range rows) const override;
    void augment(const AugmentArgs<T>& args) const override;
    void projection_forward(const ProjectionForward<T>& args) const override;
    void projection_weight_gradient(const ProjectionWeightGradient<T>& args) const override;
    void scale_rows(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x,
                    Range rows) const override;
    void row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b,
                  Range rows) const override;
    void gradient_penalty(const PenaltyArgs<T>& args) const override;
    void discriminator_loss(GanLoss kind, const GanLossArgs<T>& args) const override;
    void generator_loss(GanLoss kind, const GanLossArgs<T>& args) const override;
    void minibatch_stddev_forward(const MinibatchStddevArgs<T>& args) const override;
    void minibatch_stddev_backward(const MinibatchStddevArgs<T>& args) const override;
    void minibatch_stddev_tangent(const MinibatchStddevArgs<T>& args) const override;
    void minibatch_stddev_double_backward(const MinibatchStddevArgs<T>& args) const override;
    void power_iteration(const SpectralArgs<T>& args) const override;
    void spectral_normalize(const SpectralArgs<T>& args) const override;
    void spectral_backward(const SpectralArgs<T>& args) const override;
    void ema(T* average, const T* w, Index n, const StepParams<T>* params,
             const StepStatus* status) const override;
    void discriminator_tally(const DiscriminatorTally<T>& args) const override;
    void generator_tally(StepStatus* status) const override;
    void loss(Loss kind, const LossArgs<T>& args) const override;
    void ctc(const CtcArgs<T>& args) const override;
    double sum(const T* x, Index n) const override;
    double weighted_sum(const T* x, const T* w, Index n) const override;
    void batch_loss(const BatchLossArgs<T>& args) const override;
    void sum_squares(double* out, const T* x, Index n, Range blocks) const override;
    void clip_scale(const ClipArgs<T>& args) const override;
    void update(Optimizer kind, const UpdateArgs<T>& args, StepStatus* status) const override;
    void transpose(const Matrix<T>& out, const Matrix<const T>& in) const override;

private:
    struct Recording;  // of a thread

    static Recording& recording();
    template <auto kOperation, class... A>
    void record(const Touches& touches, const A&... arguments) const;
    void check(const Touches& touches) const;

    const Backend<T>& executor_;
    const RecordedMemory& memory_;
    RecorderOptions options_;
};

}  // namespace ds
