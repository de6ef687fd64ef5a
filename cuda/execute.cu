// The kernels of the plug-in and their launches.
#include <cuda_runtime_api.h>

#include "cuda/cuda_language.h"

// after it
#include "cuda/commands.h"
#include "cuda/device.h"

namespace ds::plugin {
namespace {

template <class T>
using Memory = DS_ISA::BlockMemory<T>;

template <class T>
__global__ void __launch_bounds__(Memory<T>::kThreads, 1) run_list(const Command* commands, int count) {
    DS_SHARED(Memory<T>, memory);
    DS_ISA::run_commands<T>(commands, count, memory);
}

template <class T>
cudaError_t launch(const Command* commands, int count, int blocks, cudaStream_t stream) {
    void* arguments[] = {&commands, &count};
    return cudaLaunchKernel(&run_list<T>, dim3(static_cast<unsigned>(blocks)), dim3(Memory<T>::kThreads),
                            arguments, 0, stream);
}

template <class T>
cudaError_t count_of_blocks(int* blocks) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, &run_list<T>, Memory<T>::kThreads, 0);
}

}  // namespace

cudaError_t count_blocks(int element_bytes, int processors, int* blocks) {
    const cudaError_t error =
        element_bytes == 8 ? count_of_blocks<double>(blocks) : count_of_blocks<float>(blocks);
    *blocks *= processors;
    return error;
}

cudaError_t launch_commands(const Command* commands, int count, int element_bytes, int blocks,
                            cudaStream_t stream) {
    return element_bytes == 8 ? launch<double>(commands, count, blocks, stream)
                              : launch<float>(commands, count, blocks, stream);
}

}  // namespace ds::plugin
