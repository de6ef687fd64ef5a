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

// The CPU with the instruction set in use (backend/cpu/registry.h). This is the only place that makes a device.
template <class T>
Device<T> active_device();

}  // namespace ds
