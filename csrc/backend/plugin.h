// The CUDA plug-in, a library with the C interface of cuda/plugin.h, and the memory of its devices. Nothing is loaded
// and no CUDA is started before the first call.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "core/memory/memory.h"
#include "cuda/plugin.h"

namespace ds {

// A sentence that says why a device cannot be used, and what to do. Python sees a RuntimeError.
class PluginError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Loads the library of this path; the first one that loads stays until the process ends.
void load_plugin(const std::string& path);

struct PluginDevice {
    std::string name;
    int capability;  // 90 for 9.0
    Index memory;    // bytes
};

// The devices of the plug-in that is loaded, at least one. This call starts CUDA.
std::vector<PluginDevice> plugin_devices();

// Copies run in the order of the calls. bytes_to_host returns when the host may read.
class DeviceMemory final : public Memory {
public:
    // `table` lives until the process ends.
    DeviceMemory(const plugin::Table& table, int device);
    ~DeviceMemory() override;

    void* allocate(Index bytes) override;
    void free(void* memory, Index bytes) noexcept override;

    // Returns when all earlier calls are done.
    void wait();

    // Runs commands (backend/plugin_commands.h), which are read when it returns.
    void run(const Command* commands, Index count, bool is_double);

protected:
    void fill_bytes(void* to, int byte, Index bytes) override;
    void copy_bytes(void* to, const void* from, Index bytes) override;
    void bytes_to_host(void* to, const void* from, Index bytes) override;
    void bytes_from_host(void* to, const void* from, Index bytes) override;

private:
    void check(int status) const;

    const plugin::Table& table_;
    const int device_;
    plugin::Context* context_ = nullptr;
};

// The memory of a device of the plug-in, opened by the first call; it lives until the process ends.
DeviceMemory& device_memory(int device);

}  // namespace ds
