// The C interface of the CUDA plug-in. The library exports one function, which returns a table of functions.
// Engine and plug-in are separate wheels, so the number of the interface grows with every change of this file.
#pragma once
#include <cstdint>

namespace ds::plugin {

inline constexpr int kAbi = 2;
inline constexpr const char* kEntryPoint = "deepseek_cuda";

// What a call did. After all but kOk, `error` says more.
enum Status : int {
    kOk,
    kOutOfMemory,  // nothing changed
    kNoDriver,     // the driver is missing, or older than the runtime of the plug-in
    kNoDevice,     // no device is visible, or none has this number
    kNoCode,       // the plug-in holds no code for the device
    kForked,       // CUDA was started before this process was forked, and does not work here
    kLost,         // an earlier operation failed, and the device takes no more calls of this process
    kFailed,
};

struct DeviceInfo {
    char name[256];
    int capability;       // 90 for 9.0
    std::int64_t memory;  // bytes
};

// A device, a stream, and memory that is used in the stream's order.
struct Context;

}  // namespace ds::plugin

namespace ds {
struct Command;  // backend/commands.h
}  // namespace ds

namespace ds::plugin {

// Calls for one context may come from several threads. No function throws. After a fork, the child's calls return
// kForked; `free` and `close` do nothing there.
struct Table {
    int abi;
    int oldest_driver;             // major version that the plug-in needs
    std::uint64_t command_layout;  // ds::command_layout(), which both sides must have alike

    // Starts CUDA; before all other calls. The number of devices, which is at least 1.
    int (*probe)(int* devices);
    int (*describe)(int device, DeviceInfo* info);

    int (*open)(int device, Context** context);
    void (*close)(Context* context);

    // Device memory on a boundary of at least 256 bytes. Freed memory stays with the process until all is freed.
    int (*allocate)(Context* context, std::int64_t bytes, void** memory);
    void (*free)(Context* context, void* memory);

    // The calls run one after another, after they have returned. Upload has read the host's memory when it returns,
    // and download has written it.
    int (*fill)(Context* context, void* to, int byte, std::int64_t bytes);
    int (*copy)(Context* context, void* to, const void* from, std::int64_t bytes);
    int (*upload)(Context* context, void* to, const void* host, std::int64_t bytes);
    int (*download)(Context* context, void* host, const void* from, std::int64_t bytes);
    int (*wait)(Context* context);

    // Runs a list of commands (backend/plugin_commands.h), in the order of their sync points. It is read when the call
    // returns. element_bytes: 4 for float, 8 for double.
    int (*run)(Context* context, const Command* commands, std::int64_t count, int element_bytes);

    // The error of this thread's last call that failed, with CUDA's name and number.
    const char* (*error)();
};

// Null if the plug-in has another interface. The only exported function.
using EntryPoint = const Table* (*)(int abi);

}  // namespace ds::plugin
