// A CUDA device over the CUDA runtime (device.h). Only host code, but for one empty kernel.
#include "cuda/device.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

namespace ds::plugin {
namespace {

std::atomic<bool> started{false}, forked{false};
thread_local char error_text[512] = "no error";

void start() {
    static std::once_flag once;
    std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { forked = started.load(); }); });
    started = true;
}

constexpr std::int64_t kFirstCommands = 1024;

// The smallest kernel. That the plug-in holds code of it for a device means that it holds all code.
__global__ void no_operation() {}

}  // namespace

const char* last_error() { return error_text; }

Status failed(Status status, const char* text) {
    std::snprintf(error_text, sizeof error_text, "%s", text);
    return status;
}

Status status_of(cudaError_t error, const char* operation) {
    if (error == cudaSuccess) return kOk;
    std::snprintf(error_text, sizeof error_text, "%s: %s (%d), %s", operation, cudaGetErrorName(error),
                  static_cast<int>(error), cudaGetErrorString(error));
    switch (error) {
        case cudaErrorMemoryAllocation: return kOutOfMemory;
        case cudaErrorInsufficientDriver:
        case cudaErrorSystemDriverMismatch:
        case cudaErrorStubLibrary: return kNoDriver;
        case cudaErrorNoDevice:
        case cudaErrorInvalidDevice: return kNoDevice;
        case cudaErrorNoKernelImageForDevice:
        case cudaErrorUnsupportedPtxVersion: return kNoCode;
        default: return kFailed;
    }
}

bool is_forked() { return forked; }

Status count_devices(int* devices) {
    *devices = 0;
    const Status status = status_of(cudaGetDeviceCount(devices), "count of devices");
    if (status != kOk) {
        cudaGetLastError();
        return status;
    }
    if (*devices == 0) return failed(kNoDevice, "no device is visible");
    start();
    return kOk;
}

Status describe_device(int device, DeviceInfo* info) {
    cudaDeviceProp found;
    const Status status = status_of(cudaGetDeviceProperties(&found, device), "properties of a device");
    if (status != kOk) {
        cudaGetLastError();
        return status;
    }
    std::snprintf(info->name, sizeof info->name, "%s", found.name);
    info->capability = 10 * found.major + found.minor;
    info->memory = static_cast<std::int64_t>(found.totalGlobalMem);
    return kOk;
}

CurrentDevice::CurrentDevice(int device) {
    int current = -1;
    error_ = cudaGetDevice(&current);
    if (error_ != cudaSuccess || current == device) return;
    error_ = cudaSetDevice(device);
    if (error_ == cudaSuccess) before_ = current;
}

CurrentDevice::~CurrentDevice() {
    if (before_ >= 0) cudaSetDevice(before_);
}

Context::~Context() {
    if (is_forked()) return;
    const CurrentDevice current(device_);
    close_resources();
}

// An error that every later call repeats means that the device is lost to this process.
Status Context::check(cudaError_t error, const char* operation) {
    if (error == cudaSuccess) return kOk;
    const Status status = status_of(error, operation);
    cudaGetLastError();
    const cudaError_t later = stream_ ? cudaStreamQuery(stream_) : cudaSuccess;
    if (later == cudaSuccess || later == cudaErrorNotReady) return status;
    cudaGetLastError();
    is_lost_ = true;
    std::snprintf(loss_, sizeof loss_, "%s", error_text);
    return kLost;
}

// Runs an operation alone, with the device current, unless the device is lost.
template <class Operation>
Status Context::run(const char* name, Operation operation) {
    if (is_forked()) return failed(kForked, "started before fork");
    const std::lock_guard lock(mutex_);
    if (is_lost_) return failed(kLost, loss_);
    const CurrentDevice current(device_);
    return check(current.error() == cudaSuccess ? operation() : current.error(), name);
}

Status Context::open() {
    return run("start of a device", [&] { return open_resources(); });
}

cudaError_t Context::open_resources() {
    cudaFuncAttributes attributes;
    cudaError_t error = cudaFuncGetAttributes(&attributes, no_operation);
    if (error != cudaSuccess) return error;
    error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
    if (error != cudaSuccess) return error;
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location = {cudaMemLocationTypeDevice, device_};
    error = cudaMemPoolCreate(&pool_, &properties);
    if (error != cudaSuccess) return error;
    std::uint64_t keep_all = UINT64_MAX;
    error = cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep_all);
    cudaDeviceProp found;
    if (error == cudaSuccess) error = cudaGetDeviceProperties(&found, device_);
    for (int i = 0; i < 2 && error == cudaSuccess; ++i)
        error = count_blocks(i == 0 ? 4 : 8, found.multiProcessorCount, &blocks_[i]);
    if (error == cudaSuccess) error = reserve_commands(kFirstCommands);
    for (Piece& piece : pieces_) {
        if (error == cudaSuccess) error = cudaMallocHost(&piece.memory, kPinnedBytes);
        if (error == cudaSuccess) error = cudaEventCreateWithFlags(&piece.done, cudaEventDisableTiming);
    }
    return error;
}

void Context::close_resources() {
    if (stream_) cudaStreamSynchronize(stream_);
    for (Piece& piece : pieces_) {
        if (piece.done) cudaEventDestroy(piece.done);
        if (piece.memory) cudaFreeHost(piece.memory);
    }
    if (commands_) cudaFreeAsync(commands_, stream_);
    if (stream_) cudaStreamSynchronize(stream_);
    if (pool_) cudaMemPoolDestroy(pool_);
    if (stream_) cudaStreamDestroy(stream_);
}

Status Context::allocate(std::int64_t bytes, void** memory) {
    return run("allocation", [&] {
        const auto size = static_cast<std::size_t>(bytes);
        const cudaError_t error = cudaMallocFromPoolAsync(memory, size, pool_, stream_);
        allocations_ += error == cudaSuccess;
        return error;
    });
}

void Context::free(void* memory) {
    run("release of memory", [&] {
        cudaError_t error = cudaFreeAsync(memory, stream_);
        if (--allocations_ > 0 || error != cudaSuccess) return error;
        // The last one: the pool may give its memory back once it is no longer in use.
        error = cudaStreamSynchronize(stream_);
        return error == cudaSuccess ? cudaMemPoolTrimTo(pool_, 0) : error;
    });
}

Status Context::fill(void* to, int byte, std::int64_t bytes) {
    return run("fill", [&] { return cudaMemsetAsync(to, byte, static_cast<std::size_t>(bytes), stream_); });
}

Status Context::copy(void* to, const void* from, std::int64_t bytes) {
    return run("copy", [&] {
        return cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, stream_);
    });
}

cudaError_t Context::start_upload(void* to, const void* host, std::int64_t bytes) {
    for (std::int64_t at = 0; at < bytes; at += kPinnedBytes) {
        const auto size = static_cast<std::size_t>(std::min(bytes - at, kPinnedBytes));
        Piece& piece = next_piece();
        cudaError_t error = cudaEventSynchronize(piece.done);  // the transfer that used it last
        if (error != cudaSuccess) return error;
        std::memcpy(piece.memory, static_cast<const char*>(host) + at, size);
        error =
            cudaMemcpyAsync(static_cast<char*>(to) + at, piece.memory, size, cudaMemcpyHostToDevice, stream_);
        if (error == cudaSuccess) error = cudaEventRecord(piece.done, stream_);
        if (error != cudaSuccess) return error;
    }
    return cudaSuccess;
}

Status Context::upload(void* to, const void* host, std::int64_t bytes) {
    return run("upload", [&] { return start_upload(to, host, bytes); });
}

cudaError_t Context::start_download(Piece& piece, const void* from, std::int64_t bytes) {
    const auto size = static_cast<std::size_t>(std::min(bytes, kPinnedBytes));
    const cudaError_t error = cudaMemcpyAsync(piece.memory, from, size, cudaMemcpyDeviceToHost, stream_);
    return error == cudaSuccess ? cudaEventRecord(piece.done, stream_) : error;
}

// While the host copies one piece, the device writes the next. The stream's order protects a piece that an upload
// still reads.
Status Context::download(void* host, const void* from, std::int64_t bytes) {
    return run("download", [&] {
        const auto start_at = [&](Piece& piece, std::int64_t at) {
            return at < bytes ? start_download(piece, static_cast<const char*>(from) + at, bytes - at)
                              : cudaSuccess;
        };
        Piece* piece = &next_piece();
        cudaError_t error = start_at(*piece, 0);
        for (std::int64_t at = 0; at < bytes; at += kPinnedBytes) {
            Piece& next = next_piece();
            if (error == cudaSuccess) error = start_at(next, at + kPinnedBytes);
            if (error == cudaSuccess) error = cudaEventSynchronize(piece->done);
            if (error != cudaSuccess) return error;
            const auto size = static_cast<std::size_t>(std::min(bytes - at, kPinnedBytes));
            std::memcpy(static_cast<char*>(host) + at, piece->memory, size);
            piece = &next;
        }
        return error;
    });
}

Status Context::wait() {
    return run("wait", [&] { return cudaStreamSynchronize(stream_); });
}

// In the stream's order, so commands that still run keep theirs until then.
cudaError_t Context::reserve_commands(std::int64_t count) {
    if (count <= command_capacity_) return cudaSuccess;
    void* larger = nullptr;
    cudaError_t error =
        cudaMallocFromPoolAsync(&larger, static_cast<std::size_t>(count) * sizeof(Command), pool_, stream_);
    if (error != cudaSuccess) return error;
    if (commands_) error = cudaFreeAsync(commands_, stream_);
    commands_ = static_cast<Command*>(larger);
    command_capacity_ = count;
    return error;
}

// One launch for all commands up to the next sync point.
Status Context::run_commands(const Command* commands, std::int64_t count, int element_bytes) {
    return run("commands", [&] {
        cudaError_t error = reserve_commands(count);
        if (error == cudaSuccess)
            error = start_upload(commands_, commands, count * static_cast<std::int64_t>(sizeof(Command)));
        for (std::int64_t begin = 0, end = 0; begin < count && error == cudaSuccess; begin = end) {
            do ++end;
            while (end < count && !commands[end].sync);
            error = launch_commands(commands_ + begin, static_cast<int>(end - begin), element_bytes,
                                    blocks_[element_bytes == 8], stream_);
        }
        return error;
    });
}

}  // namespace ds::plugin
