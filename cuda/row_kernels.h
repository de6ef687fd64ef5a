// The kernels of csrc/kernels as a device runs them: sixteen threads are one worker and call a kernel by its
// group, its number in the group, and its arguments. Products and random numbers have texts of their own
// (product.h, random.h).
#pragma once
#include "cuda/random.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/elementwise/reduce.h"
#include "kernels/embedding/periodic.h"
#include "kernels/gan/gan.h"
#include "kernels/loss/loss.h"
#include "kernels/norm/norm.h"
#include "kernels/optimizer/optimizer_kernels.h"
#include "kernels/recurrent/cell.h"
#include "kernels/recurrent/pooling.h"
#include "kernels/sparse/sparse.h"
#include "kernels/step/step.h"

DS_ISA_BEGIN

// Calls f.run<Item>() for item number `which` of a list.
template <class... Item>
struct ItemSwitch {
    template <class F>
    static DS_INLINE void run(int which, const F& f) {
        int i = 0;
        ((i++ == which ? f.template run<Item>() : void()), ...);
    }
};

// The arguments of kernels that have no struct for them.
template <class T>
struct ArrayArgs {
    T* y;
    const T *a, *b, *c;
    Index n;
    T scalar;
};
template <class T>
struct MatrixArgs {
    Matrix<T> y;
    Matrix<const T> a, b, c;
    T scalar;
};
template <class R>
struct Result {
    R* result;
};

enum class ActivationPass { kForward, kBackward, kDoubleBackward };
template <class T>
struct ActivationArgs : MatrixArgs<T> {
    ActivationPass pass;

    template <class A>
    DS_INLINE void run() const {
        if (pass == ActivationPass::kForward) activation_forward<T, A>(this->y, this->a, this->scalar);
        if (pass == ActivationPass::kBackward)
            activation_backward<T, A>(this->y, this->a, this->b, this->scalar, this->c);
        if constexpr (requires(Vec<T> v) { A::second_derivative(v, v); })
            if (pass == ActivationPass::kDoubleBackward)
                activation_double_backward<T, A>(this->y.p, this->a.p, this->b.p, this->y.cols, this->scalar);
    }
};
template <class T>
DS_INLINE void run_activation(int which, const ActivationArgs<T>& a) {
    ForEachActivation<ItemSwitch>::run(which, a);
}

template <class T>
DS_INLINE void run_elementwise(int which, const ArrayArgs<T>& a) {
    switch (which) {
        case 0: return exp_array(a.y, a.a, a.n);
        case 1: return expm1_array(a.y, a.a, a.n);
        case 2: return log_array(a.y, a.a, a.n);
        case 3: return log1p_array(a.y, a.a, a.n);
        case 4: return tanh_array(a.y, a.a, a.n);
        case 5: return sigmoid_array(a.y, a.a, a.n);
        case 6: return softplus_array(a.y, a.a, a.n);
        case 7: return erf_array(a.y, a.a, a.n);
        case 8: return add_array(a.y, a.a, a.n);
        case 9: return scale_array(a.y, a.n, a.scalar);
        case 10: return mul_array(a.y, a.a, a.n);
    }
}

// Sums write to `result`.
template <class T>
struct SumArgs : ArrayArgs<T>, Result<double> {};
template <class T>
DS_INLINE void run_sum(int which, const SumArgs<T>& a) {
    switch (which) {
        case 0: return store_lane0(a.result, array_sum(a.a, a.n));
        case 1: return store_lane0(a.result, array_weighted_sum(a.a, a.b, a.n));
        case 2: return store_lane0(a.result, sum_of_squares(a.a, a.n));
        case 3: return store_lane0(a.result, double(all_finite(a.a, a.n)));
        case 4: return store_lane0(a.result, double(dot_product(a.a, a.b, a.n)));
    }
}

template <class T>
struct ReduceArgs : MatrixArgs<T>, Result<std::int64_t> {};
template <class T>
DS_INLINE void run_reduce(int which, const ReduceArgs<T>& a) {
    switch (which) {
        case 0: return col_sum(a.y.p, a.a.p, a.a.rows, a.a.cols, a.a.ld);
        case 1: return softmax_rows(a.y, a.a);
        case 2: return softmax_backward_rows(a.y, a.a, a.b);
        case 3: return argmax_rows(a.result, a.a);
        case 4: return one_hot_rows(a.y, a.a);
    }
}

template <class T>
struct LossCall {
    const LossArgs<T>& args;
    template <class L>
    DS_INLINE void run() const {
        loss_kernel<T, L>(args);
    }
};
template <class T>
DS_INLINE void run_loss(int which, const LossArgs<T>& a) {
    ForEachLoss<ItemSwitch>::run(which, LossCall<T>{a});
}

template <class T>
struct NormArgs {
    NormForward<T> forward;
    NormBackward<T> backward;
    NormDoubleBackward<T> double_backward;
    BatchStatistics<T> statistics;
    NormWeightGradient<T> weight_gradient;
    RunningStatistics<T> running;
    ArrayArgs<T> inverse_stddev;
};
template <class T>
DS_INLINE void run_norm(int which, const NormArgs<T>& a) {
    switch (which) {
        case 0: return layer_norm_forward(a.forward);
        case 1: return layer_norm_backward(a.backward);
        case 2: return layer_norm_double_backward_rows(a.double_backward);
        case 3: return batch_norm_statistics(a.statistics);
        case 4: return batch_norm_forward(a.forward);
        case 5: return batch_norm_backward(a.backward);
        case 6: return norm_weight_gradient(a.weight_gradient);
        case 7: return norm_running_statistics(a.running);
        case 8:
            return norm_inverse_stddev(a.inverse_stddev.y, a.inverse_stddev.a, a.inverse_stddev.scalar,
                                       a.inverse_stddev.n);
    }
}

// Sets `overflow` if a new value is not finite.
template <class T>
struct UpdateCall : UpdateArgs<T> {
    Index* overflow;

    template <class Rule>
    DS_INLINE void run() const {
        if (!update<T, Rule>(*this)) store_lane0(overflow, Index(1));
    }
};
template <class T>
DS_INLINE void run_update(int which, const UpdateCall<T>& a) {
    ForEachOptimizer<ItemSwitch>::run(which, a);
}

template <class T>
struct StepArgs {
    BatchLossArgs<T> loss;
    DiscriminatorTally<T> tally;
    ClipArgs<T> clip;
};
template <class T>
DS_INLINE void run_step(int which, const StepArgs<T>& a) {
    switch (which) {
        case 0: return batch_loss(a.loss);
        case 1: return discriminator_tally(a.tally);
        case 2: return generator_tally(a.tally.status);
        case 3: return clip_scale(a.clip);
    }
}

enum class CellPass { kForward, kBackward, kTangent, kDoubleBackward };
template <class T>
struct CellArgs {
    CellForward<T> forward;
    CellTangent<T> tangent;
    CellDoubleBackward<T> double_backward;
    CellPass pass;

    template <class C>
    DS_INLINE void run() const {
        if (pass == CellPass::kForward) cell_forward<T, C>(forward);
        if (pass == CellPass::kBackward) cell_backward<T, C>(double_backward.backward);
        if (pass == CellPass::kTangent) cell_tangent<T, C>(tangent);
        if (pass == CellPass::kDoubleBackward) cell_double_backward<T, C>(double_backward);
    }
};
template <class T>
DS_INLINE void run_cell(int which, const CellArgs<T>& a) {
    ForEachCell<ItemSwitch>::run(which, a);
}

template <class T>
DS_INLINE void run_pool(int which, const PoolArgs<T>& a) {
    switch (which) {
        case 0: return pool_forward(a);
        case 1: return pool_backward(a);
        case 2: return pool_tangent(a);
    }
}

template <class T>
struct GanLossCall {
    GanLossArgs<T> args;
    bool generator;

    template <class L>
    DS_INLINE void run() const {
        if (generator)
            gan_loss<T, L, true>(args);
        else
            gan_loss<T, L, false>(args);
    }
};
template <class T>
DS_INLINE void run_gan_loss(int which, const GanLossCall<T>& a) {
    ForEachGanLoss<ItemSwitch>::run(which, a);
}

template <class T>
struct GanArgs {
    ArrayArgs<T> array;
    MatrixArgs<T> matrix;
    const Index* index;
    AugmentArgs<T> augment;
    MinibatchStddevArgs<T> stddev;
    PenaltyArgs<T> penalty;
    ProjectionForward<T> projection;
    ProjectionWeightGradient<T> projection_weight;
    SpectralArgs<T> spectral;
};
template <class T>
DS_INLINE void run_gan(int which, const GanArgs<T>& args) {
    const ArrayArgs<T>& a = args.array;
    switch (which) {
        case 0: return penalty_rows(args.penalty);
        case 1: return lerp_rows(args.matrix.y, a.a, args.index, args.matrix.a, args.matrix.b);
        case 2: return augment_rows(args.augment);
        case 3: return projection_forward(args.projection);
        case 4: return scale_shift_array(a.y, a.a, a.b, a.c, a.n);
        case 5: return ema_array(a.y, a.a, a.n, a.scalar);
        case 6: return gumbel_array(a.y, a.n);
        case 7: return unit_vector(a.y, a.n);
        case 8: return scale_array_by(a.y, a.scalar, a.a, a.n);
        case 9: return minibatch_stddev_forward(args.stddev);
        case 10: return minibatch_stddev_backward(args.stddev);
        case 11: return minibatch_stddev_tangent(args.stddev);
        case 12: return minibatch_stddev_double_backward(args.stddev);
        case 13: return projection_weight_gradient(args.projection_weight);
        case 14: return scale_rows(args.matrix.y, args.matrix.a, args.matrix.b);
        case 15: return row_dots(args.matrix.y, args.matrix.a, args.matrix.b);
        case 16: return power_iteration(args.spectral);
        case 17: return spectral_normalize(args.spectral);
        case 18: return spectral_backward(args.spectral);
    }
}

template <class T>
struct InputArgs {
    PeriodicForward<T> forward;
    PeriodicBackward<T> backward;
    PeriodicWeightGradient<T> weight_gradient;
    SparseProduct<T> sparse;
};
template <class T>
DS_INLINE void run_input(int which, const InputArgs<T>& a) {
    switch (which) {
        case 0: return periodic_forward(a.forward);
        case 1: return periodic_backward(a.backward);
        case 2: return periodic_weight_gradient(a.weight_gradient);
        case 3: return sparse_product(a.sparse);
    }
}

template <class T>
struct RandomArgs {
    Matrix<T> out;
    RandomRows rows;
    std::uint32_t keep_threshold;
    T scale;
    const Column* column;
    Index cols;
};
template <class T>
DS_INLINE void run_random(int which, const RandomArgs<T>& a) {
    const RandomRows& r = a.rows;
    switch (which) {
        case 0: return dropout_mask(a.out, r, a.keep_threshold, a.scale);
        case 1: return uniform_rows(a.out, r);
        case 2: return normal_rows(a.out, r);
        case 3:
            return dropout_entries(a.out.p, a.column, a.out.cols, a.cols, r.first, r.key, r.step, r.epoch,
                                   r.stream, a.keep_threshold, a.scale);
    }
}

DS_ISA_END
