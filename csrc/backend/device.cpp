#include "backend/device.h"

#include <map>
#include <memory>
#include <mutex>

#include "backend/command_recorder.h"
#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/registry.h"
#include "backend/plugin_backend.h"

namespace ds {

#if defined(DS_WITH_GUARD)
namespace guard {  // tests/guard/guard.cpp, in builds for tests only
Memory& memory();
void operations(void* backend);
}  // namespace guard
#endif

#if defined(DS_WITH_RECORDED)
namespace recorded {  // tests/recorded/recorded_device.cpp, in builds for tests only
bool is_chosen();
RecordedMemory& memory(Memory& host);
template <class T>
const Backend<T>& backend(const Backend<T>& cpu, const RecordedMemory& memory);
}  // namespace recorded

template <class T>
Device<T> recorded_device(Memory& host, const CpuBackend<T>& cpu) {
    static std::mutex mutex;
    static auto& backends = *new std::map<const CpuBackend<T>*, const Backend<T>*>;
    RecordedMemory& memory = recorded::memory(host);
    const std::lock_guard<std::mutex> lock(mutex);
    const Backend<T>*& backend = backends[&cpu];
    if (backend == nullptr) backend = &recorded::backend<T>(cpu, memory);
    return {memory, *backend};
}
#endif

namespace {

// Memory and operations of a device of the plug-in, whose operations are recorded first.
struct PluginDeviceParts {
    static void wait() {
        CommandRecorder<float>::run_commands();
        CommandRecorder<double>::run_commands();
    }
    explicit PluginDeviceParts(DeviceMemory& device)
        : memory(device, wait),
          executors(PluginBackend<float>(device, memory, active_device<float>().backend),
                    PluginBackend<double>(device, memory, active_device<double>().backend)),
          recorders(CommandRecorder<float>(executors.first, memory, {}),
                    CommandRecorder<double>(executors.second, memory, {})) {}

    RecordedMemory memory;
    std::pair<PluginBackend<float>, PluginBackend<double>> executors;
    std::pair<CommandRecorder<float>, CommandRecorder<double>> recorders;
};

PluginDeviceParts& plugin_device(int number) {
    static std::mutex mutex;
    // Never destroyed: models may outlive static destructors.
    static auto& devices = *new std::map<int, std::unique_ptr<PluginDeviceParts>>;
    const std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<PluginDeviceParts>& device = devices[number];
    if (!device) device = std::make_unique<PluginDeviceParts>(device_memory(number));
    return *device;
}

}  // namespace

template <class T>
Device<T> active_device(int number) {
    if (number != kHostDevice) {
        PluginDeviceParts& device = plugin_device(number);
        if constexpr (sizeof(T) == sizeof(float))
            return {device.memory, device.recorders.first};
        else
            return {device.memory, device.recorders.second};
    }
    // One backend for each instruction set, never destroyed: models may outlive static destructors.
    static const auto& backends = *[] {
        auto* all = new std::map<const KernelTable*, CpuBackend<T>>;
        for (const KernelTable* table : usable_kernels()) {
#if defined(DS_WITH_GUARD)
            guard::operations(&all->emplace(table, *table).first->second);
#else
            all->emplace(table, *table);
#endif
        }
        return all;
    }();
#if defined(DS_WITH_GUARD)
    Memory& memory = guard::memory();
#else
    Memory& memory = host_memory();
#endif
    const CpuBackend<T>& backend = backends.at(&active_kernels());
#if defined(DS_WITH_RECORDED)
    static const bool is_recorded = recorded::is_chosen();
    if (is_recorded) return recorded_device<T>(memory, backend);
#endif
    return {memory, backend};
}

template Device<float> active_device(int);
template Device<double> active_device(int);

}  // namespace ds
