#include "backend/cpu/registry.h"

#include <atomic>
#include <cstdlib>

#include "core/check.h"
#include "core/cpu.h"

namespace ds {
namespace {

// The compiled kernel tables (DS_WITH_… from cmake) that this CPU can run, best first.
std::vector<const KernelTable*> find_usable() {
    std::vector<const KernelTable*> tables;
    [[maybe_unused]] const CpuInfo& cpu = cpu_info();
#if defined(DS_WITH_AVX512)
    if (cpu.avx512) tables.push_back(kernel_table_avx512());
#endif
#if defined(DS_WITH_AVX2)
    if (cpu.avx2) tables.push_back(kernel_table_avx2());
#endif
#if defined(DS_WITH_NEON)
    tables.push_back(kernel_table_neon());
#endif
#if defined(DS_WITH_SCALAR)
    if (cpu.fma) tables.push_back(kernel_table_scalar());
#endif
#if defined(DS_WITH_BASELINE)
    tables.push_back(kernel_table_baseline());
#endif
#if defined(DS_WITH_CUDA)
    if (cpu.fma) tables.push_back(kernel_table_cuda());
#endif
    if (tables.empty())
        throw ValueError(
            "ISA: this build supports no instruction set of this CPU; build with DEEPSEEK_ISAS=baseline");
    return tables;
}

const KernelTable* find_kernels(const std::string& name) {
    std::string known;
    for (const KernelTable* table : usable_kernels()) {
        if (name == table->name) return table;
        known += known.empty() ? "" : ", ";
        known += table->name;
    }
    throw ValueError("ISA: got \"" + name + "\"; this CPU and build support " + known);
}

const KernelTable* default_kernels() {
    const char* name = std::getenv("DEEPSEEK_ISA");
    return name && *name ? find_kernels(name) : usable_kernels().front();
}

std::atomic<const KernelTable*>& active() {
    static std::atomic<const KernelTable*> table{default_kernels()};
    return table;
}

}  // namespace

const std::vector<const KernelTable*>& usable_kernels() {
    static const std::vector<const KernelTable*> tables = find_usable();
    return tables;
}

const KernelTable& active_kernels() { return *active().load(std::memory_order_relaxed); }

void force_isa(const std::string& name) {
    active().store(name.empty() ? default_kernels() : find_kernels(name), std::memory_order_relaxed);
}

}  // namespace ds
