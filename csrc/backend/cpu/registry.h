// The choice of the instruction set: the best one that this CPU has, or the one that DEEPSEEK_ISA or
// force_isa() names.
#pragma once
#include <string>
#include <vector>

#include "kernels/table.h"

namespace ds {

// The kernel tables that this CPU can run, best first. "baseline" has no fused multiply-add, so its bits
// differ.
const std::vector<const KernelTable*>& usable_kernels();

const KernelTable& active_kernels();

// Selects an instruction set; an empty name restores the default. Throws ValueError if the name is unknown or
// this CPU lacks the instruction set.
void force_isa(const std::string& name);

}  // namespace ds
