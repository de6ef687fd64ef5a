// Runs a command (backend/plugin_commands.h) on a device. Half-warps share out rows or columns, blocks of threads share
// out tiles of products; who does what never changes a bit. Commands between two sync points do not depend on each
// other, so no thread waits for another block.
#pragma once
#include "cuda/command_parts.h"

DS_ISA_BEGIN

// The operations are those of a Net.
template <class T>
DS_KERNEL void run_command(const Command& command, const HalfWarp<T>& worker) {
#define DS_OPERATION(...)                        \
    case kKindOf<T, __VA_ARGS__>: {              \
        using Stored = ArgumentsOf<__VA_ARGS__>; \
        const auto& a = *reinterpret_cast<const Stored*>(command.arguments);
#define DS_END \
    return;    \
    }
// Operations whose last argument is a range of rows.
#define DS_ROWS(last, ...)                               \
    DS_OPERATION(__VA_ARGS__)                            \
    const Range rows = worker.part(Range(get<last>(a))); \
    if (rows.empty()) return;
#define DS_EACH_ROW(last, ...) \
    DS_ROWS(last, __VA_ARGS__) \
    for (Index i = rows.begin; i < rows.end; ++i)

    using B = Backend<T>;
    switch (command.kind) {
        case kKindOf<T, &B::linear_forward>:
        case kKindOf<T, &B::linear_backward_input>:
        case kKindOf<T, &B::linear_backward_weight>:
            return run_product(*reinterpret_cast<const PluginProduct<T>*>(command.arguments), worker);
        case kKindOf<T, &B::dropout_mask>:
            return draw(*reinterpret_cast<const PluginDraw<T>*>(command.arguments), 0, worker);
        case kKindOf<T, &B::uniform>:
            return draw(*reinterpret_cast<const PluginDraw<T>*>(command.arguments), 1, worker);
        case kKindOf<T, &B::normal>:
            return draw(*reinterpret_cast<const PluginDraw<T>*>(command.arguments), 2, worker);

            DS_EACH_ROW(
                3, overload<T, const Matrix<T>&, const Matrix<const T>&, const Index*, Range>(&B::gather)) {
                const Index from = get<2>(a) != nullptr ? get<2>(a)[i] : i;
                copy_columns(get<0>(a).p + i * get<0>(a).ld, get<1>(a).p + from * get<1>(a).ld,
                             get<0>(a).cols);
            }
            DS_END
            DS_ROWS(3, overload<T, Index*, const Index*, const Index*, Range>(&B::gather))
            for_columns(rows.size(), [&](Index j) DS_LAMBDA {
                const Index i = rows.begin + j;
                get<0>(a)[i] = get<1>(a)[get<2>(a) != nullptr ? get<2>(a)[i] : i];
            });
            DS_END
            DS_ROWS(4, &B::gather_weights)
            const double total = get<3>(a);
            for_columns(rows.size(), [&](Index j) DS_LAMBDA {
                const Index i = rows.begin + j, from = get<2>(a) != nullptr ? get<2>(a)[i] : i;
                get<0>(a)[i] = total > 0.0 ? T(double(get<1>(a)[from]) / total) : T(0);
            });
            DS_END
            DS_EACH_ROW(3, &B::scatter)
            copy_columns(get<0>(a).p + get<2>(a)[i] * get<0>(a).ld, get<1>(a).p + i * get<1>(a).ld,
                         get<0>(a).cols);
            DS_END
            DS_OPERATION(&B::scatter_add)
            run_scatter_add(get<0>(a), get<1>(a), get<2>(a), worker);
            DS_END
            DS_OPERATION(&B::transpose)
            run_transpose(get<0>(a), get<1>(a), worker);
            DS_END

            DS_ROWS(3, &B::activation_forward)
            activate<T>(get<0>(a).row_slice(rows), get<1>(a).row_slice(rows), {}, get<2>(a),
                        ActivationPass::kForward);
            DS_END
            DS_ROWS(3, &B::activation_backward)
            const Matrix<T> d = get<0>(a).row_slice(rows);
            activate<T>(d, d, get<1>(a).row_slice(rows), get<2>(a), ActivationPass::kBackward);
            DS_END
            DS_ROWS(2, &B::softmax)
            softmax_rows(get<0>(a).row_slice(rows), get<1>(a).row_slice(rows));
            DS_END
            DS_ROWS(3, &B::softmax_backward)
            softmax_backward_rows(get<0>(a).row_slice(rows), get<1>(a).row_slice(rows),
                                  get<2>(a).row_slice(rows));
            DS_END
            DS_ROWS(2, &B::argmax)
            argmax_rows(get<0>(a) + rows.begin, get<1>(a).row_slice(rows));
            DS_END
            DS_ROWS(2, &B::one_hot)
            one_hot_rows(get<0>(a).row_slice(rows), get<1>(a).row_slice(rows));
            DS_END

            DS_EACH_ROW(3, &B::multiply)
            for_columns(get<0>(a).cols, [&](Index j) DS_LAMBDA {
                get<0>(a).row(i)[j] = get<1>(a).row(i)[j] * get<2>(a).row(i)[j];
            });
            DS_END
            DS_EACH_ROW(2, &B::add)
            for_columns(get<0>(a).cols, [&](Index j) DS_LAMBDA {
                get<0>(a).row(i)[j] = get<0>(a).row(i)[j] + get<1>(a).row(i)[j];
            });
            DS_END
            DS_EACH_ROW(3, &B::scale)
            scale_array_by(get<0>(a).row(i), get<1>(a), get<2>(a).row(i), get<0>(a).cols);
            DS_END
            DS_EACH_ROW(1, &B::gumbel)
            gumbel_array(get<0>(a).row(i), get<0>(a).cols);
            DS_END
            DS_OPERATION(&B::column_sums)
            add_column_sums(get<0>(a), get<1>(a), get<2>(a), worker);
            DS_END
            DS_EACH_ROW(2, &B::copy)
            copy_columns(get<0>(a).row(i), get<1>(a).row(i), get<0>(a).cols);
            DS_END
            DS_EACH_ROW(2, overload<T, const Matrix<T>&, T, Range>(&B::fill))
            for_columns(get<0>(a).cols, [&](Index j) DS_LAMBDA { get<0>(a).row(i)[j] = get<1>(a); });
            DS_END
            DS_ROWS(2, overload<T, Index*, Index, Range>(&B::fill))
            for_columns(rows.size(), [&](Index j) DS_LAMBDA { get<0>(a)[rows.begin + j] = get<1>(a); });
            DS_END
            DS_OPERATION(&B::ema)
            const Range mine = worker.part(get<2>(a), 4 * kLanes);
            if (!mine.empty())
                ema_array(get<0>(a) + mine.begin, get<1>(a) + mine.begin, mine.size(), get<3>(a));
            DS_END

            DS_OPERATION(&B::layer_norm_forward)
            const Range rows = worker.part(Range{0, a.first.y.rows});
            if (!rows.empty()) layer_norm_forward(rows_of(a.first, rows));
            DS_END
            DS_OPERATION(&B::layer_norm_backward)
            const Range rows = worker.part(Range{0, a.first.dy.rows});
            if (!rows.empty()) layer_norm_backward(rows_of(a.first, rows));
            DS_END
            DS_OPERATION(&B::batch_norm_statistics)
            statistics_columns(a.first, worker);
            DS_END
            DS_OPERATION(&B::batch_norm_forward)
            const Range rows = worker.part(Range{0, a.first.y.rows});
            if (!rows.empty()) batch_norm_forward(rows_of(a.first, rows));
            DS_END
            DS_OPERATION(&B::batch_norm_backward)
            const Range rows = worker.part(Range{0, a.first.dy.rows});
            if (!rows.empty()) batch_norm_backward(rows_of(a.first, rows));
            DS_END
            DS_OPERATION(&B::norm_weight_gradient)
            norm_columns(a.first, worker);
            DS_END
            DS_OPERATION(&B::update_running_statistics)
            running_columns(a.first, worker);
            DS_END
            DS_OPERATION(&B::inverse_stddev)
            const Range mine = worker.part(get<3>(a), kLanes);
            if (!mine.empty())
                norm_inverse_stddev(get<0>(a) + mine.begin, get<1>(a) + mine.begin, get<2>(a), mine.size());
            DS_END

            DS_OPERATION(&B::periodic_forward)
            PeriodicForward<T> p = a.first;
            const Range rows = worker.part(Range{0, p.y.rows});
            // All rows share a scratchpad, if it has no rows: one half-warp then does all of them.
            const Range mine = p.waves.ld != 0 ? rows : worker.is_first() ? Range{0, p.y.rows} : Range{};
            if (mine.empty()) return;
            p.y = p.y.row_slice(mine), p.waves = p.waves.row_slice(mine), p.x = p.x.row_slice(mine);
            periodic_forward(p);
            DS_END
            DS_OPERATION(&B::periodic_backward)
            PeriodicBackward<T> p = a.first;
            const Range rows = worker.part(Range{0, p.dy.rows});
            if (rows.empty()) return;
            p.waves = p.waves.row_slice(rows), p.dy = p.dy.row_slice(rows);
            periodic_backward(p);
            DS_END
            DS_OPERATION(&B::periodic_weight_gradient)
            PeriodicWeightGradient<T> p = a.first;
            p.frequencies = worker.part(p.frequencies);
            periodic_weight_gradient(p);
            DS_END

            DS_OPERATION(&B::loss)
            const Range rows = worker.part(Range{0, get<1>(a).x.rows});
            if (!rows.empty()) run_loss(int(get<0>(a)), rows_of(get<1>(a), rows));
            DS_END

        case kind_of<T>(PluginResult::kSum):
        case kind_of<T>(PluginResult::kWeightedSum):
        case kind_of<T>(PluginResult::kSumSquares):
        case kind_of<T>(PluginResult::kAllFinite):
            return run_number(PluginResult(command.kind - Operations<T>::kSize),
                              *reinterpret_cast<const PluginNumber<T>*>(command.arguments), worker);
        case kind_of<T>(PluginResult::kUpdate):
            return run_part_of_update(*reinterpret_cast<const PluginUpdate<T>*>(command.arguments), worker);
    }
#undef DS_EACH_ROW
#undef DS_ROWS
#undef DS_END
#undef DS_OPERATION
}

// Commands that do not depend on each other.
template <class T>
DS_KERNEL void run_commands(const Command* commands, int count, BlockMemory<T>& memory) {
    const HalfWarp<T> worker{memory, Index(blockIdx.x), Index(gridDim.x)};
    for (int i = 0; i < count; ++i) {
        run_command<T>(commands[i], worker);
        __syncthreads();  // the next product may use the same tile
    }
}

DS_ISA_END
