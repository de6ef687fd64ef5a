#include "backend/device.h"

#include <map>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/registry.h"
#if defined(DS_WITH_RECORDED)
#include <mutex>

#include "backend/recorded_memory.h"
#endif

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
    const CpuBackend<T>& backend = backends.at(&active_kernels());
#if defined(DS_WITH_RECORDED)
    static const bool is_recorded = recorded::is_chosen();
    if (is_recorded) return recorded_device<T>(memory, backend);
#endif
    return {memory, backend};
}

template Device<float> active_device();
template Device<double> active_device();

}  // namespace ds
