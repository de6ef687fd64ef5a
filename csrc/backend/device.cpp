#include "backend/device.h"

#include <map>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/registry.h"

namespace ds {

#if defined(DS_WITH_GUARD)
namespace guard {  // tests/guard/guard.cpp, in builds for tests only
Memory& memory();
void operations(void* backend);
}  // namespace guard
#endif

template <class T>
Device<T> active_device() {
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
    return {memory, backends.at(&active_kernels())};
}

template Device<float> active_device();
template Device<double> active_device();

}  // namespace ds
