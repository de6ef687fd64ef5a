// A CUDA device as the plug-in uses it: a memory pool, a stream, and two pinned pieces for transfers.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <mutex>

#include "backend/commands.h"
#include "cuda/plugin.h"

namespace ds::plugin {

inline constexpr std::int64_t kPinnedBytes = std::int64_t{8} << 20;

// What CUDA said: the status that it means, and a text for Table::error. kOk for cudaSuccess.
Status status_of(cudaError_t error, const char* operation);
Status failed(Status status, const char* text);
const char* last_error();

// Whether CUDA was started before this process was forked.
bool is_forked();

Status count_devices(int* devices);
Status describe_device(int device, DeviceInfo* info);

// The kernels (execute.cu). How many blocks of them the current device runs at once, and a launch for commands that do
// not depend on each other.
cudaError_t count_blocks(int element_bytes, int processors, int* blocks);
cudaError_t launch_commands(const Command* commands, int count, int element_bytes, int blocks,
                            cudaStream_t stream);

// Makes a device current for the calling thread, and the one before again: other libraries in this thread rely on it.
class CurrentDevice {
public:
    explicit CurrentDevice(int device);
    ~CurrentDevice();
    CurrentDevice(const CurrentDevice&) = delete;
    CurrentDevice& operator=(const CurrentDevice&) = delete;
    cudaError_t error() const { return error_; }

private:
    int before_ = -1;  // none to restore
    cudaError_t error_;
};

struct Context {
    explicit Context(int device) : device_(device) {}
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Status open();
    Status allocate(std::int64_t bytes, void** memory);
    void free(void* memory);
    Status fill(void* to, int byte, std::int64_t bytes);
    Status copy(void* to, const void* from, std::int64_t bytes);
    Status upload(void* to, const void* host, std::int64_t bytes);
    Status download(void* host, const void* from, std::int64_t bytes);
    Status wait();
    Status run_commands(const Command* commands, std::int64_t count, int element_bytes);

private:
    // Pinned memory, free for the host once `done` has happened.
    struct Piece {
        void* memory = nullptr;
        cudaEvent_t done = nullptr;
    };

    template <class Operation>
    Status run(const char* name, Operation operation);
    Status check(cudaError_t error, const char* operation);
    cudaError_t open_resources();
    void close_resources();
    cudaError_t start_upload(void* to, const void* host, std::int64_t bytes);
    cudaError_t reserve_commands(std::int64_t count);
    cudaError_t start_download(Piece& piece, const void* from, std::int64_t bytes);
    Piece& next_piece() { return pieces_[next_++ % 2]; }

    std::mutex mutex_;
    int device_;
    cudaStream_t stream_ = nullptr;
    cudaMemPool_t pool_ = nullptr;
    Piece pieces_[2];
    unsigned next_ = 0;
    std::int64_t allocations_ = 0;
    Command* commands_ = nullptr;  // on the device, command_capacity_ of them
    std::int64_t command_capacity_ = 0;
    int blocks_[2] = {};  // of a launch, by precision
    bool is_lost_ = false;
    char loss_[512] = "";  // the error that lost the device
};

}  // namespace ds::plugin
