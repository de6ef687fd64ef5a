#include "backend/device.h"

#include <map>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/registry.h"

namespace ds {

template <class T>
Device<T> active_device() {
    // One backend for each instruction set, never destroyed: models may outlive static destructors.
    static const auto& backends = *[] {
        auto* all = new std::map<const KernelTable*, CpuBackend<T>>;
        for (const KernelTable* table : usable_kernels()) all->emplace(table, *table);
        return all;
    }();
    return {host_memory(), backends.at(&active_kernels())};
}

template Device<float> active_device();
template Device<double> active_device();

}  // namespace ds
