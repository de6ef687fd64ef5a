// Commands as the CUDA plug-in reads them (cuda/commands.h): those of backend/commands.h, with other arguments where a
// device knows less than the host, and operations that return a number. All pointers are to the device's memory.
#pragma once
#include "backend/commands.h"
#include "kernels/random/random_table.h"

namespace ds {

// C = A · B + bias, added to C with `accumulate`. Then y = act(C), or C = C · act'(saved). The arguments of
// linear_forward, linear_backward_input and linear_backward_weight, whose plans stay with the host.
template <class T>
struct PluginProduct {
    Matrix<T> c;  // null: only dbias
    const T* a = nullptr;
    Index lda = 0;
    const T* b = nullptr;
    Index ldb = 0;
    Index k = 0;
    const T* bias = nullptr;
    bool transpose_a = false, transpose_b = false, accumulate = false;
    ActivationOf<T> activation{};
    Matrix<T> y;            // forward; null: in place
    Matrix<const T> saved;  // backward
    T* dbias = nullptr;     // column sums of dy
    Matrix<const T> dy;
};

// The arguments of dropout_mask, uniform and normal.
template <class T>
struct PluginDraw {
    Matrix<T> out;
    RandomRows rows;
    std::uint32_t keep_threshold = 0;  // dropout_mask
    T scale = T(0);                    // dropout_mask
};

// Operations that return a number follow those of Operations<T>.
enum class PluginResult : std::uint16_t { kSum, kWeightedSum, kSumSquares, kAllFinite, kUpdate };
template <class T>
constexpr std::uint16_t kind_of(PluginResult result) {
    return static_cast<std::uint16_t>(Operations<T>::kSize + static_cast<std::size_t>(result));
}

template <class T>
struct PluginNumber {
    Matrix<const T> x;
    const T* w = nullptr;      // kWeightedSum
    double* result = nullptr;  // kAllFinite: 1 or 0
};

// Sets the result to 0 if a weight or moment keeps its value.
template <class T>
struct PluginUpdate {
    Optimizer kind{};
    UpdateArgs<T> args;
    double* result = nullptr;
};

// A number that differs where engine and plug-in disagree about the size of a command.
template <auto... kOperations>
constexpr std::uint64_t sizes_of(OperationList<kOperations...>) {
    std::uint64_t hash = 0xcbf29ce484222325;
    ((hash = (hash ^ sizeof(ArgumentsOf<kOperations>)) * 0x100000001b3), ...);
    return hash;
}
constexpr std::uint64_t command_layout() {
    std::uint64_t hash = sizes_of(Operations<float>{}) ^ sizes_of(Operations<double>{}) << 1;
    for (const std::size_t size : {sizeof(Command), sizeof(PluginProduct<float>), sizeof(PluginDraw<float>),
                                   sizeof(PluginNumber<float>), sizeof(PluginUpdate<float>)})
        hash = (hash ^ size) * 0x100000001b3;
    return hash;
}

}  // namespace ds
