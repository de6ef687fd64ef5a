// The CUDA runtime on the host, for tests of the plug-in. Device memory is inaccessible except while an operation
// runs. Operations wait in the stream's queue until somebody waits for them, so reading too early, or changing a
// pinned piece too early, gives wrong bytes. Stricter than CUDA: the device of a stream must be current, and
// transfers take pinned memory alone.
//
// DEEPSEEK_EMULATED_GPU says what goes wrong: "driver=0", "devices=N", "capability=N", "code=0", "allocation=N" (the
// N-th fails, counted since the text has changed), "lost=N" (the N-th operation of the process). "blocks=N" is how many
// blocks of threads run at once, and "seed=N" the order of threads (tests/cuda/emulator.h).
#include <cuda_runtime_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

struct EmulatedStream {
    int device;
    std::deque<std::function<void()>> queue;
    std::uint64_t enqueued = 0, done = 0;
};
struct EmulatedEvent {
    EmulatedStream* stream = nullptr;
    std::uint64_t after = 0;  // so many operations of the stream
};
struct EmulatedPool {
    int device;
};

namespace {

struct Allocation {
    std::size_t bytes;
    bool is_freed;
};

std::recursive_mutex mutex;
std::map<std::uintptr_t, Allocation> device_memory, pinned_memory;
cudaError_t sticky = cudaSuccess;
int operations = 0, allocations = 0;
pid_t owner = 0;
thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;

int setting(const char* name, int otherwise) {
    static std::string known;
    const char* variable = std::getenv("DEEPSEEK_EMULATED_GPU");
    const std::string text = variable ? variable : "";
    if (text != known) {
        known = text;
        allocations = 0;
    }
    const std::size_t at = (" " + text).find(" " + std::string(name) + "=");
    return at == std::string::npos ? otherwise : std::atoi(text.c_str() + at + std::strlen(name) + 1);
}

cudaError_t said(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

// What CUDA says without a driver, in a forked child, and after an error that stays.
cudaError_t state() {
    if (setting("driver", 1) == 0) return cudaErrorInsufficientDriver;
    if (owner == 0 && setting("devices", 2) > 0) owner = getpid();
    if (owner != 0 && owner != getpid()) return cudaErrorInitializationError;
    return sticky;
}

std::size_t pages(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
}

bool contains(const std::map<std::uintptr_t, Allocation>& all, const void* memory, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    auto it = all.upper_bound(address);
    if (it == all.begin()) return false;
    --it;
    return !it->second.is_freed && address + bytes <= it->first + it->second.bytes;
}

// Opens the allocation of an address for the host, and closes it again.
class Access {
public:
    explicit Access(const void* memory) {
        auto it = device_memory.upper_bound(reinterpret_cast<std::uintptr_t>(memory));
        if (it == device_memory.begin()) return;
        --it;
        start_ = reinterpret_cast<void*>(it->first);
        bytes_ = pages(it->second.bytes);
        mprotect(start_, bytes_, PROT_READ | PROT_WRITE);
    }
    ~Access() {
        if (start_) mprotect(start_, bytes_, PROT_NONE);
    }

private:
    void* start_ = nullptr;
    std::size_t bytes_ = 0;
};

void run_until(EmulatedStream& stream, std::uint64_t count) {
    for (; stream.done < count; ++stream.done) {
        stream.queue.front()();
        stream.queue.pop_front();
    }
}

// Puts an operation into the queue; `valid` says whether its memory is what it should be.
cudaError_t enqueue(EmulatedStream* stream, bool valid, std::function<void()> operation) {
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    if (stream->device != current_device) return said(cudaErrorInvalidResourceHandle);
    if (++operations == setting("lost", -1) || !valid) return said(sticky = cudaErrorIllegalAddress);
    stream->queue.push_back(std::move(operation));
    ++stream->enqueued;
    return cudaSuccess;
}

}  // namespace

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
        case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
        case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
        default: return "cudaError";
    }
}

const char* cudaGetErrorString(cudaError_t) { return "an emulated error"; }

cudaError_t cudaGetLastError() {
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return sticky != cudaSuccess ? sticky : error;
}

cudaError_t cudaGetDeviceCount(int* count) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    *count = setting("devices", 2);
    return *count > 0 ? cudaSuccess : said(cudaErrorNoDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    if (device < 0 || device >= setting("devices", 2)) return said(cudaErrorInvalidDevice);
    const int capability = setting("capability", 90);
    std::snprintf(properties->name, sizeof properties->name, "emulated GPU %d", device);
    properties->totalGlobalMem = std::size_t{1} << 30;
    properties->major = capability / 10;
    properties->minor = capability % 10;
    properties->multiProcessorCount = setting("blocks", 2);
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
    *device = current_device;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    const std::lock_guard lock(mutex);
    if (device < 0 || device >= setting("devices", 2)) return said(cudaErrorInvalidDevice);
    current_device = device;
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, void (*)()) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    return setting("code", 1) != 0 ? cudaSuccess : said(cudaErrorNoKernelImageForDevice);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new EmulatedStream{current_device, {}};
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    return stream->done == stream->enqueued ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    run_until(*stream, stream->enqueued);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new EmulatedEvent;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    *event = {stream, stream->enqueued};
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    if (event->stream) run_until(*event->stream, event->after);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    if (++allocations == setting("allocation", -1)) return said(cudaErrorMemoryAllocation);
    *memory = std::malloc(bytes);
    pinned_memory[reinterpret_cast<std::uintptr_t>(*memory)] = {bytes, false};
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
    const std::lock_guard lock(mutex);
    pinned_memory.erase(reinterpret_cast<std::uintptr_t>(memory));
    std::free(memory);
    return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
    *pool = new EmulatedPool{properties->location.id};
    return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
    delete pool;
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) { return cudaSuccess; }

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    if (const cudaError_t error = state(); error != cudaSuccess) return said(error);
    if (pool->device != current_device || stream->device != current_device)
        return said(cudaErrorInvalidValue);
    if (++allocations == setting("allocation", -1) || bytes > std::size_t{1} << 30)
        return said(cudaErrorMemoryAllocation);
    void* found = mmap(nullptr, pages(bytes), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) return said(cudaErrorMemoryAllocation);
    device_memory[reinterpret_cast<std::uintptr_t>(found)] = {bytes, false};
    *memory = found;
    return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const auto found = device_memory.find(address);
    const bool valid = found != device_memory.end() && !found->second.is_freed;
    const cudaError_t error = enqueue(stream, valid, [address] {
        munmap(reinterpret_cast<void*>(address), pages(device_memory.at(address).bytes));
        device_memory.erase(address);
    });
    if (error == cudaSuccess) found->second.is_freed = true;
    return error;
}

cudaError_t cudaMemsetAsync(void* to, int byte, std::size_t bytes, cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    return enqueue(stream, contains(device_memory, to, bytes), [=] {
        const Access access(to);
        std::memset(to, byte, bytes);
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    const std::lock_guard lock(mutex);
    const bool valid = contains(kind == cudaMemcpyDeviceToHost ? pinned_memory : device_memory, to, bytes) &&
                       contains(kind == cudaMemcpyHostToDevice ? pinned_memory : device_memory, from, bytes);
    return enqueue(stream, valid, [=] {
        const Access source(from), target(to);
        std::memmove(to, from, bytes);
    });
}

// A kernel may touch all device memory.
cudaError_t cudaEmulatedLaunch(std::function<void()> kernel, dim3 grid, dim3 block, cudaStream_t stream) {
    constexpr std::size_t kSharedBytes = 48 << 10;
    const std::lock_guard lock(mutex);
    return enqueue(stream, true, [kernel = std::move(kernel), grid, block] {
        for (const auto& [begin, allocation] : device_memory)
            mprotect(reinterpret_cast<void*>(begin), pages(allocation.bytes), PROT_READ | PROT_WRITE);
        static const int seed = setting("seed", 1);
        static bool is_seeded = false;
        if (!std::exchange(is_seeded, true)) ds::emulator::device().seed = static_cast<std::uint32_t>(seed);
        try {
            ds::emulator::launch(grid, block, kSharedBytes, kernel);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "emulated kernel: %s\n", error.what());
            sticky = cudaErrorLaunchFailure;
        }
        for (const auto& [begin, allocation] : device_memory)
            mprotect(reinterpret_cast<void*>(begin), pages(allocation.bytes), PROT_NONE);
    });
}
