#include "backend/registry.h"

#include <atomic>
#include <cstdlib>

#include "core/check.h"
#include "core/cpu.h"

namespace ds {
namespace {

std::vector<const KernelTable*> find_usable() {
    std::vector<const KernelTable*> tables;
#if defined(__x86_64__)
    const CpuInfo& cpu = cpu_info();
    if (cpu.avx512) tables.push_back(kernel_table_avx512());
    if (cpu.avx2) tables.push_back(kernel_table_avx2());
    if (cpu.fma) tables.push_back(kernel_table_scalar());
    tables.push_back(kernel_table_baseline());
#else
    tables.push_back(kernel_table_neon());
    tables.push_back(kernel_table_scalar());
#endif
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
