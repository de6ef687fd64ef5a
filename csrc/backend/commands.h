// Operations of a backend as plain data. A command is the kind of an operation and its arguments; a list of
// commands runs later, on the CPU (backend/command_executor.h) or on a device. The kind is the position of the
// operation in Operations<T>, from which arguments and calls follow: a new operation needs one line there.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <new>
#include <type_traits>
#include <vector>

#include "backend/backend.h"

namespace ds {

template <auto... kOperations>
struct OperationList {
    static constexpr std::size_t kSize = sizeof...(kOperations);
};

// The overload of an operation with parameters A.
template <class T, class... A>
constexpr auto overload(void (Backend<T>::*operation)(A...) const) {
    return operation;
}

// All operations of Backend<T> that return nothing. Those that return a number run at once.
template <class T>
using Operations = OperationList<
    overload<T, const Matrix<T>&, const Matrix<const T>&, const Index*, Range>(&Backend<T>::gather),
    overload<T, Index*, const Index*, const Index*, Range>(&Backend<T>::gather),  //
    &Backend<T>::gather_weights, &Backend<T>::linear_forward, &Backend<T>::linear_backward_input,
    &Backend<T>::linear_backward_weight, &Backend<T>::sparse_forward, &Backend<T>::sparse_backward_weight,
    &Backend<T>::scatter, &Backend<T>::scatter_add, &Backend<T>::cell_forward, &Backend<T>::cell_backward,
    &Backend<T>::cell_tangent, &Backend<T>::cell_double_backward, &Backend<T>::pool_forward,
    &Backend<T>::pool_backward, &Backend<T>::pool_tangent, &Backend<T>::activation_forward,
    &Backend<T>::activation_backward, &Backend<T>::softmax, &Backend<T>::softmax_backward,
    &Backend<T>::argmax, &Backend<T>::one_hot, &Backend<T>::activation_double_backward,
    &Backend<T>::dropout_mask, &Backend<T>::dropout_entries, &Backend<T>::uniform, &Backend<T>::normal,
    &Backend<T>::multiply, &Backend<T>::add, &Backend<T>::scale, &Backend<T>::gumbel,
    &Backend<T>::column_sums, &Backend<T>::copy, overload<T, const Matrix<T>&, T, Range>(&Backend<T>::fill),
    overload<T, Index*, Index, Range>(&Backend<T>::fill),  //
    &Backend<T>::layer_norm_forward, &Backend<T>::layer_norm_backward,
    &Backend<T>::layer_norm_double_backward, &Backend<T>::batch_norm_statistics,
    &Backend<T>::batch_norm_forward, &Backend<T>::batch_norm_backward, &Backend<T>::norm_weight_gradient,
    &Backend<T>::update_running_statistics, &Backend<T>::inverse_stddev, &Backend<T>::periodic_forward,
    &Backend<T>::periodic_backward, &Backend<T>::periodic_weight_gradient, &Backend<T>::lerp,
    &Backend<T>::scale_shift, &Backend<T>::augment, &Backend<T>::projection_forward,
    &Backend<T>::projection_weight_gradient, &Backend<T>::scale_rows, &Backend<T>::row_dots,
    &Backend<T>::gradient_penalty, &Backend<T>::discriminator_loss, &Backend<T>::generator_loss,
    &Backend<T>::minibatch_stddev_forward, &Backend<T>::minibatch_stddev_backward,
    &Backend<T>::minibatch_stddev_tangent, &Backend<T>::minibatch_stddev_double_backward,
    &Backend<T>::power_iteration, &Backend<T>::spectral_normalize, &Backend<T>::spectral_backward,
    &Backend<T>::ema, &Backend<T>::loss, &Backend<T>::ctc, &Backend<T>::transpose, &Backend<T>::batch_loss,
    &Backend<T>::discriminator_tally, &Backend<T>::generator_tally, &Backend<T>::sum_squares,
    &Backend<T>::clip_scale, &Backend<T>::update>;

// What a command stores of a parameter of type A: its value. The worker is the executor's own.
struct OwnWorker {};
template <class A>
struct StoredAs {
    using Type = A;
};
template <class T>
struct StoredAs<Worker<T>> {
    using Type = OwnWorker;
};
template <class A>
using Stored = typename StoredAs<std::remove_cvref_t<A>>::Type;

// A tuple that is trivially copyable.
template <class... A>
struct Arguments {};
template <class First, class... Rest>
struct Arguments<First, Rest...> {
    First first;
    [[no_unique_address]] Arguments<Rest...> rest;
};

inline Arguments<> make_arguments() { return {}; }
template <class First, class... Rest>
Arguments<First, Rest...> make_arguments(const First& first, const Rest&... rest) {
    return {first, make_arguments(rest...)};
}

// The class, the arguments and the call of an operation.
template <class Operation>
struct OperationTraits;
template <class T, class... A>
struct OperationTraits<void (Backend<T>::*)(A...) const> {
    using Operation = void (Backend<T>::*)(A...) const;
    using StoredArguments = Arguments<Stored<A>...>;

    template <class... Seen>
    static void call(Operation operation, const Backend<T>& backend, const Worker<T>&, const Arguments<>&,
                     const Seen&... seen) {
        (backend.*operation)(seen...);
    }
    template <class First, class... Rest, class... Seen>
    static void call(Operation operation, const Backend<T>& backend, const Worker<T>& worker,
                     const Arguments<First, Rest...>& arguments, const Seen&... seen) {
        if constexpr (std::is_same_v<First, OwnWorker>)
            call(operation, backend, worker, arguments.rest, seen..., worker);
        else
            call(operation, backend, worker, arguments.rest, seen..., arguments.first);
    }
};
template <auto kOperation>
using ArgumentsOf = typename OperationTraits<decltype(kOperation)>::StoredArguments;

inline constexpr std::size_t kArgumentBytes = 336;

// Plain data. The pointers of its arguments must stay valid until it has run.
struct Command {
    std::uint16_t kind = 0;
    bool sync = false;  // all commands before it must have run
    alignas(8) std::byte arguments[kArgumentBytes];
};
static_assert(std::is_trivially_copyable_v<Command>);

template <auto kOperation>
struct OperationId {};
template <auto kOperation, auto... kOperations>
constexpr int position_in(OperationList<kOperations...>) {
    int position = 0;
    const bool found =
        ((std::is_same_v<OperationId<kOperation>, OperationId<kOperations>> || (++position, false)) || ...);
    return found ? position : -1;
}
template <class T, auto kOperation>
inline constexpr int kKindOf = position_in<kOperation>(Operations<T>{});

// Commands in the order of their calls, and the plans of their matrix products.
template <class T>
class CommandList {
public:
    template <auto kOperation>
    void add(bool sync, const ArgumentsOf<kOperation>& arguments) {
        using Stored = ArgumentsOf<kOperation>;
        static_assert(kKindOf<T, kOperation> >= 0, "the operation is missing in Operations<T>");
        static_assert(std::is_trivially_copyable_v<Stored> && std::is_trivially_destructible_v<Stored>);
        static_assert(sizeof(Stored) <= kArgumentBytes && alignof(Stored) <= 8);
        Command& command = commands_.emplace_back();
        command.kind = static_cast<std::uint16_t>(kKindOf<T, kOperation>);
        command.sync = sync;
        new (command.arguments) Stored(arguments);
    }
    // A copy of the plan, which lives as long as the list.
    const GemmPlan<T>* keep(const GemmPlan<T>& plan) {
        scratchpad_size_ =
            scratchpad_size_ < plan.scratchpad_size() ? plan.scratchpad_size() : scratchpad_size_;
        return &plans_.emplace_back(plan);
    }
    void clear() {
        commands_.clear();
        plans_.clear();
        scratchpad_size_ = 0;
    }

    const std::vector<Command>& commands() const { return commands_; }
    Index scratchpad_size() const { return scratchpad_size_; }  // that its products need

private:
    std::vector<Command> commands_;
    std::deque<GemmPlan<T>> plans_;
    Index scratchpad_size_ = 0;
};

// How each kind of command runs on a backend.
template <class T>
using RunCommand = void (*)(const Backend<T>& backend, const Worker<T>& worker, const Command& command);

template <class T, auto... kOperations>
constexpr std::array<RunCommand<T>, sizeof...(kOperations)> run_functions(OperationList<kOperations...>) {
    return {[](const Backend<T>& backend, const Worker<T>& worker, const Command& command) {
        const auto* arguments =
            std::launder(reinterpret_cast<const ArgumentsOf<kOperations>*>(command.arguments));
        OperationTraits<decltype(kOperations)>::call(kOperations, backend, worker, *arguments);
    }...};
}

}  // namespace ds
