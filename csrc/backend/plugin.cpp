#include "backend/plugin.h"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
#include <new>

#include "backend/plugin_commands.h"

#include "backend/plugin_commands.h"

namespace ds {
namespace {

std::mutex mutex;
const plugin::Table* loaded = nullptr;

// Throws what a status that is not kOk means. `subject` names the device, or CUDA.
[[noreturn]] void fail(const plugin::Table& table, int status, const std::string& subject) {
    const std::string error = table.error();
    switch (status) {
        case plugin::kOutOfMemory: throw std::bad_alloc();
        case plugin::kNoDriver:
            throw PluginError("there is no NVIDIA driver of version " + std::to_string(table.oldest_driver) +
                              " or newer; install one (" + error + ")");
        case plugin::kNoDevice:
            throw PluginError("no CUDA device is visible; see nvidia-smi and CUDA_VISIBLE_DEVICES (" + error +
                              ")");
        case plugin::kNoCode:
            throw PluginError(
                "the plug-in holds no code for " + subject +
                "; build it with the device's compute capability in DEEPSEEK_CUDA_ARCHITECTURES (" + error +
                ")");
        case plugin::kForked:
            throw PluginError(
                "CUDA was started before fork and does not work in this process; use the start method "
                "\"spawn\"");
        case plugin::kLost: throw PluginError(subject + " is lost; start a new process (" + error + ")");
        default: throw PluginError(subject + " failed (" + error + ")");
    }
}

const plugin::Table& loaded_table() {
    if (!loaded) throw PluginError("no CUDA plug-in is loaded");
    return *loaded;
}

}  // namespace

void load_plugin(const std::string& path) {
    const std::lock_guard lock(mutex);
    if (loaded) return;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw PluginError("the CUDA plug-in does not load; install it again (" + std::string(dlerror()) +
                          ")");
    void* symbol = dlsym(library, plugin::kEntryPoint);
    if (!symbol) {
        dlclose(library);
        throw PluginError("the library is no CUDA plug-in of deepseek; install it again (" + path + ")");
    }
    const plugin::Table* const table = reinterpret_cast<plugin::EntryPoint>(symbol)(plugin::kAbi);
    if (table && table->command_layout == command_layout()) {
        loaded = table;
        return;
    }
    dlclose(library);
    throw PluginError(
        "the CUDA plug-in is of another version; install deepseek-nn and deepseek-nn-cuda of one version (" +
        path + ")");
}

std::vector<PluginDevice> plugin_devices() {
    const std::lock_guard lock(mutex);
    const plugin::Table& table = loaded_table();
    const auto check = [&](int status) {
        if (status != plugin::kOk) fail(table, status, "CUDA");
    };
    static std::vector<PluginDevice>& devices = *new std::vector<PluginDevice>;
    int count = 0;
    check(table.probe(&count));
    while (static_cast<int>(devices.size()) < count) {
        plugin::DeviceInfo info;
        check(table.describe(static_cast<int>(devices.size()), &info));
        devices.push_back({info.name, info.capability, info.memory});
    }
    return devices;
}

DeviceMemory::DeviceMemory(const plugin::Table& table, int device) : table_(table), device_(device) {
    check(table.open(device, &context_));
}

DeviceMemory::~DeviceMemory() { table_.close(context_); }

void DeviceMemory::check(int status) const {
    if (status != plugin::kOk) fail(table_, status, "cuda:" + std::to_string(device_));
}

void* DeviceMemory::allocate(Index bytes) {
    void* memory = nullptr;
    if (bytes > 0) check(table_.allocate(context_, bytes, &memory));
    return memory;
}

void DeviceMemory::free(void* memory, Index) noexcept { table_.free(context_, memory); }

void DeviceMemory::wait() { check(table_.wait(context_)); }

void DeviceMemory::run(const Command* commands, Index count, bool is_double) {
    if (count > 0) check(table_.run(context_, commands, count, is_double ? 8 : 4));
}

void DeviceMemory::fill_bytes(void* to, int byte, Index bytes) {
    if (bytes > 0) check(table_.fill(context_, to, byte, bytes));
}

void DeviceMemory::copy_bytes(void* to, const void* from, Index bytes) {
    if (bytes > 0) check(table_.copy(context_, to, from, bytes));
}

void DeviceMemory::bytes_to_host(void* to, const void* from, Index bytes) {
    if (bytes > 0) check(table_.download(context_, to, from, bytes));
}

void DeviceMemory::bytes_from_host(void* to, const void* from, Index bytes) {
    if (bytes > 0) check(table_.upload(context_, to, from, bytes));
}

DeviceMemory& device_memory(int device) {
    const std::lock_guard lock(mutex);
    // Never destroyed: buffers may outlive static destructors.
    static auto& memories = *new std::map<int, DeviceMemory>;
    return memories.try_emplace(device, loaded_table(), device).first->second;
}

}  // namespace ds
