#include "backend/command_executor.h"

#include <numeric>

#include "core/random/init.h"

namespace ds {

template <class T>
void CommandExecutor<T>::run(const CommandList<T>& list, const Backend<T>& backend) {
    static constexpr auto kRun = run_functions<T>(Operations<T>{});
    if (scratchpad_.size() < list.scratchpad_size()) scratchpad_.resize(list.scratchpad_size());
    const Worker<T> worker{scratchpad_.data(), nullptr};
    const std::vector<Command>& commands = list.commands();
    for (std::size_t begin = 0, end = 0; begin < commands.size(); begin = end) {
        do ++end;
        while (end < commands.size() && !commands[end].sync);
        order_.resize(end - begin);
        std::iota(order_.begin(), order_.end(), static_cast<Index>(begin));
        backend.sync_point();
        if (shuffles_) ds::shuffle(order_.data(), static_cast<Index>(order_.size()), seed_, groups_++);
        for (const Index i : order_) {
            const Command& command = commands[static_cast<std::size_t>(i)];
            kRun[command.kind](backend, worker, command);
        }
    }
    backend.synchronize();
}

template class CommandExecutor<float>;
template class CommandExecutor<double>;

}  // namespace ds
