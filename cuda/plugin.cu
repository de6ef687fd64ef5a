// The plug-in's exported function and its table (plugin.h).
#include "cuda/plugin.h"

#include <new>

#include "backend/plugin_commands.h"
#include "cuda/device.h"

namespace ds::plugin {
namespace {

int probe(int* devices) {
    if (is_forked()) return failed(kForked, "started before fork");
    return count_devices(devices);
}

int describe(int device, DeviceInfo* info) {
    if (is_forked()) return failed(kForked, "started before fork");
    return describe_device(device, info);
}

int open(int device, Context** context) {
    *context = nullptr;
    auto* made = new (std::nothrow) Context(device);
    if (!made) return failed(kOutOfMemory, "no memory on the host");
    const Status status = made->open();
    if (status != kOk) {
        delete made;
        return status;
    }
    *context = made;
    return kOk;
}

void close(Context* context) { delete context; }

int allocate(Context* context, std::int64_t bytes, void** memory) { return context->allocate(bytes, memory); }

void free(Context* context, void* memory) { context->free(memory); }

int fill(Context* context, void* to, int byte, std::int64_t bytes) { return context->fill(to, byte, bytes); }

int copy(Context* context, void* to, const void* from, std::int64_t bytes) {
    return context->copy(to, from, bytes);
}

int upload(Context* context, void* to, const void* host, std::int64_t bytes) {
    return context->upload(to, host, bytes);
}

int download(Context* context, void* host, const void* from, std::int64_t bytes) {
    return context->download(host, from, bytes);
}

int wait(Context* context) { return context->wait(); }

int run(Context* context, const Command* commands, std::int64_t count, int element_bytes) {
    return context->run_commands(commands, count, element_bytes);
}

// From NVIDIA's table of toolkits and drivers: minor versions of a toolkit share the first driver.
constexpr int kOldestDriver = CUDART_VERSION >= 13000 ? 580 : 525;

constexpr Table kTable = {
    kAbi,  kOldestDriver, command_layout(), &probe,    &describe, &open, &close,     &allocate, &free,
    &fill, &copy,         &upload,          &download, &wait,     &run,  &last_error};

}  // namespace
}  // namespace ds::plugin

extern "C" __attribute__((visibility("default"))) const ds::plugin::Table* deepseek_cuda(int abi) {
    return abi == ds::plugin::kAbi ? &ds::plugin::kTable : nullptr;
}
