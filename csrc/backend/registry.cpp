#include "backend/registry.h"

#include <atomic>
#include <cstdlib>

#include "core/check.h"
#include "core/cpu.h"

namespace ds {
namespace {

// Of those that were compiled (DS_WITH_…, from cmake) the ones that this CPU has, the best first.
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
    if (tables.empty()) throw ValueError("this build has kernels for none of this CPU's instruction sets");
    return tables;
}

const KernelTable* named(const std::string& name) {
    std::string known;
    for (const KernelTable* table : usable_kernels()) {
        if (name == table->name) return table;
        known += known.empty() ? "" : ", ";
        known += table->name;
    }
    throw ValueError("ISA: \"" + name + "\" is unknown or this CPU lacks it; usable here: " + known);
}

const KernelTable* first_choice() {
    const char* wish = std::getenv("DEEPSEEK_ISA");
    return wish && *wish ? named(wish) : usable_kernels().front();
}

std::atomic<const KernelTable*>& active() {
    static std::atomic<const KernelTable*> table{first_choice()};
    return table;
}

}  // namespace

const std::vector<const KernelTable*>& usable_kernels() {
    static const std::vector<const KernelTable*> tables = find_usable();
    return tables;
}

const KernelTable& active_kernels() { return *active().load(std::memory_order_relaxed); }

void force_isa(const std::string& name) {
    active().store(name.empty() ? first_choice() : named(name), std::memory_order_relaxed);
}

}  // namespace ds
