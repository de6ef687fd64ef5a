// Facts about the machine: the instruction sets whose registers the operating system saves, cache sizes, and
// the cores that this process may use. They are read once, on first use, and not at import.
#pragma once
#include <string>
#include <vector>

#include "core/types.h"

namespace ds {

struct CpuInfo {
    std::string vendor;  // "GenuineIntel", "AuthenticAMD", …
    std::string brand;
    // Instruction sets that kernels could use: "sse2", "avx2", "fma", "avx512f", …
    std::vector<std::string> features;
    bool avx2 = false;     // AVX2, FMA and BMI2; the system saves 256-bit registers
    bool avx512 = false;   // also F, BW, DQ and VL; the system saves 512-bit registers and masks
    bool fma = false;      // hardware fused multiply-add (always, on arm64)
    Index l1d = 32 << 10;  // bytes of a core's cache; of L3, bytes of the whole cache
    Index l2 = 512 << 10;
    Index l3 = 0;
    int cores = 1;  // usable_cores() when first asked
};

const CpuInfo& cpu_info();

// Cores that this process may keep busy now: those of the affinity mask, at most the cgroup's quota (v1 and
// v2). At least 1.
int usable_cores();

// usable_cores(), at most DEEPSEEK_NUM_THREADS or, if that is not set, OMP_NUM_THREADS (the first number of a
// list). ValueError if DEEPSEEK_NUM_THREADS is no positive integer; an invalid OMP_NUM_THREADS is ignored.
int default_num_threads();

}  // namespace ds
