// The operations on a device of the CUDA plug-in. Each becomes a command of the calling thread. synchronize()
// passes the commands to the plug-in, which runs them in the order of their sync points. Operations that return
// a number run at once. Lists of row numbers and weights may lie in the host's memory: the commands get copies.
//
// A CommandRecorder calls the operations, and knows where commands depend on each other.
#pragma once
#include "backend/plugin.h"
#include "backend/plugin_commands.h"
#include "backend/recorded_memory.h"

namespace ds {

template <class T>
class PluginBackend final : public Backend<T> {
public:
    // `allocations` knows which addresses are the device's. `host` makes plans, of which a device uses the shapes. All
    // live until the process ends.
    PluginBackend(DeviceMemory& memory, const RecordedMemory& allocations, const Backend<T>& host)
        : memory_(memory), allocations_(allocations), host_(host) {}

    bool is_asynchronous() const override { return true; }
    void synchronize() const override;
    void sync_point() const override;

    Index padded_columns(Index columns) const override { return columns; }
    GemmPlan<T> plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const override {
        return host_.plan_forward(batch, inputs, outputs, ldw);
    }
    GemmPlan<T> plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                    bool transpose_w) const override {
        return host_.plan_backward_input(batch, inputs, outputs, ldw, transpose_w);
    }
    GemmPlan<T> plan_backward_weight(Index batch, Index inputs, Index outputs, Index ldw) const override {
        return host_.plan_backward_weight(batch, inputs, outputs, ldw);
    }
    GemmPlan<T> plan_packed(Index, Index, Index, bool) const override { refuse("plan_packed"); }
    void pack(const GemmPlan<T>&, const T*, Index, T*) const override { refuse("pack"); }

    void gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                Range rows) const override;
    void gather(Index* out, const Index* in, const Index* index, Range rows) const override;
    void gather_weights(T* out, const T* weight, const Index* index, double total, Range rows) const override;
    void linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>& worker) const override;
    void linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                               const Worker<T>& worker) const override;
    void linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                const Worker<T>& worker) const override;
    void sparse_forward(const LinearForward<T>&, const SparseMatrix<T>&, Range,
                        const Worker<T>&) const override {
        refuse("sparse_forward");
    }
    void sparse_backward_weight(const LinearBackwardWeight<T>&, const SparseMatrix<T>&, bool, Share,
                                const Worker<T>&) const override {
        refuse("sparse_backward_weight");
    }
    void scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                 Range rows) const override;
    void scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index) const override;
    void cell_forward(Cell, const CellForward<T>&) const override { refuse("cell_forward"); }
    void cell_backward(Cell, const CellBackward<T>&) const override { refuse("cell_backward"); }
    void cell_tangent(Cell, const CellTangent<T>&) const override { refuse("cell_tangent"); }
    void cell_double_backward(Cell, const CellDoubleBackward<T>&) const override {
        refuse("cell_double_backward");
    }
    void pool_forward(const PoolArgs<T>&) const override { refuse("pool_forward"); }
    void pool_backward(const PoolArgs<T>&) const override { refuse("pool_backward"); }
    void pool_tangent(const PoolArgs<T>&) const override { refuse("pool_tangent"); }
    void activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                            Range rows) const override;
    void activation_backward(const Matrix<T>& d, const Matrix<const T>& saved, ActivationOf<T> a,
                             Range rows) const override;
    void softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const override;
    void softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y,
                          Range rows) const override;
    void argmax(Index* out, const Matrix<const T>& x, Range rows) const override;
    void one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const override;
    void activation_double_backward(const Matrix<T>&, const Matrix<const T>&, const Matrix<const T>&,
                                    ActivationOf<T>, Range) const override {
        refuse("activation_double_backward");
    }
    void dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const override;
    void dropout_entries(T*, const Column*, Index, Index, double, const RandomKey&, Index) const override {
        refuse("dropout_entries");
    }
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
    void layer_norm_double_backward(const NormDoubleBackward<T>&) const override {
        refuse("layer_norm_double_backward");
    }
    void batch_norm_statistics(const BatchStatistics<T>& args) const override;
    void batch_norm_forward(const NormForward<T>& args) const override;
    void batch_norm_backward(const NormBackward<T>& args) const override;
    void norm_weight_gradient(const NormWeightGradient<T>& args) const override;
    void update_running_statistics(const RunningStatistics<T>& args) const override;
    void inverse_stddev(T* scale, const T* variance, T eps, Index cols) const override;
    void periodic_forward(const PeriodicForward<T>& args) const override;
    void periodic_backward(const PeriodicBackward<T>& args) const override;
    void periodic_weight_gradient(const PeriodicWeightGradient<T>& args) const override;
    void lerp(const Matrix<T>&, const T*, const Index*, const Matrix<const T>&, const Matrix<const T>&,
              Range) const override {
        refuse("lerp");
    }
    void scale_shift(const Matrix<T>&, const Matrix<const T>&, const Matrix<const T>&, const Matrix<const T>&,
                     Range) const override {
        refuse("scale_shift");
    }
    void augment(const AugmentArgs<T>&) const override { refuse("augment"); }
    void projection_forward(const ProjectionForward<T>&) const override { refuse("projection_forward"); }
    void projection_weight_gradient(const ProjectionWeightGradient<T>&) const override {
        refuse("projection_weight_gradient");
    }
    void scale_rows(const Matrix<T>&, const Matrix<const T>&, const Matrix<const T>&, Range) const override {
        refuse("scale_rows");
    }
    void row_dots(const Matrix<T>&, const Matrix<const T>&, const Matrix<const T>&, Range) const override {
        refuse("row_dots");
    }
    void gradient_penalty(const PenaltyArgs<T>&) const override { refuse("gradient_penalty"); }
    void discriminator_loss(GanLoss, const GanLossArgs<T>&) const override { refuse("discriminator_loss"); }
    void generator_loss(GanLoss, const GanLossArgs<T>&) const override { refuse("generator_loss"); }
    void minibatch_stddev_forward(const MinibatchStddevArgs<T>&) const override {
        refuse("minibatch_stddev_forward");
    }
    void minibatch_stddev_backward(const MinibatchStddevArgs<T>&) const override {
        refuse("minibatch_stddev_backward");
    }
    void minibatch_stddev_tangent(const MinibatchStddevArgs<T>&) const override {
        refuse("minibatch_stddev_tangent");
    }
    void minibatch_stddev_double_backward(const MinibatchStddevArgs<T>&) const override {
        refuse("minibatch_stddev_double_backward");
    }
    void power_iteration(const SpectralArgs<T>&) const override { refuse("power_iteration"); }
    void spectral_normalize(const SpectralArgs<T>&) const override { refuse("spectral_normalize"); }
    void spectral_backward(const SpectralArgs<T>&) const override { refuse("spectral_backward"); }
    void ema(T* average, const T* w, Index n, T one_minus_decay) const override;
    void loss(Loss kind, const LossArgs<T>& args) const override;
    void ctc(const CtcArgs<T>&) const override { refuse("ctc"); }
    double sum(const T* x, Index n) const override;
    double weighted_sum(const T* x, const T* w, Index n) const override;
    double sum_squares(const T* x, Index n) const override;
    bool update(Optimizer kind, const UpdateArgs<T>& args) const override;
    void transpose(const Matrix<T>& out, const Matrix<const T>& in) const override;

private:
    struct Batch;  // commands of a thread

    [[noreturn]] static void refuse(const char* operation);
    Batch& batch() const;
    template <auto kOperation, class... A>
    void add_command(const A&... arguments) const;
    template <class Stored>
    void add_command(int kind, const Stored& arguments) const;
    // A number that a command writes to `result` of its arguments.
    template <class Stored>
    double number(PluginResult kind, Stored arguments) const;
    // The same elements in the device's memory.
    template <class U>
    const U* on_device(const U* p, Index n) const;
    const Index* list(const Index* numbers, Range rows) const;
    PluginDraw<T> random_rows(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const;

    DeviceMemory& memory_;
    const RecordedMemory& allocations_;
    const Backend<T>& host_;
};

}  // namespace ds
