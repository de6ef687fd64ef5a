// A device: the memory where a model's numbers lie, and the operations on them.
#pragma once
#include "backend/backend.h"
#include "core/memory/memory.h"

namespace ds {

// Both live until the process ends.
template <class T>
struct Device {
    Memory& memory;
    const Backend<T>& backend;
};

// The number of the CPU; those of the CUDA plug-in (backend/plugin.h) count from 0.
inline constexpr int kHostDevice = -1;

// The CPU with the instruction set in use (backend/cpu/registry.h), or a device of the plug-in. This is the only place
// that makes a device.
template <class T>
Device<T> active_device(int number = kHostDevice);

}  // namespace ds
