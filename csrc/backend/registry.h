// Which instruction set computes: the best one this CPU has, or the one that DEEPSEEK_ISA or force_isa()
// names.
#pragma once
#include <string>
#include <vector>

#include "kernels/table.h"

namespace ds {

// The kernel tables this CPU can run, best first. "baseline" has no fused multiply-add and gives other bits.
const std::vector<const KernelTable*>& usable_kernels();

const KernelTable& active_kernels();

// An empty name returns to the best one. Throws ValueError for a name that is unknown or not usable here.
void force_isa(const std::string& name);

}  // namespace ds
