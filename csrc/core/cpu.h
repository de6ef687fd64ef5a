// What the machine offers this process: instruction sets the operating system really saves, cache sizes, and
// how many cores it may use. Read once, on first use; an import reads nothing.
#pragma once
#include <string>
#include <vector>

#include "core/types.h"

namespace ds {

struct CpuInfo {
    std::string vendor;  // "GenuineIntel", "AuthenticAMD", …
    std::string brand;
    // Those that kernels could use: "sse2", "avx2", "fma", "avx512f", …
    std::vector<std::string> features;
    bool avx2 = false;     // AVX2, FMA and BMI2, and the system saves 256-bit registers
    bool avx512 = false;   // F, BW, DQ and VL as well, and the system saves 512-bit registers and masks
    bool fma = false;      // hardware fused multiply-add (always, on arm64)
    Index l1d = 32 << 10;  // bytes, of one core; L3 of all that share it
    Index l2 = 512 << 10;
    Index l3 = 0;
    int cores = 1;  // usable_cores() when first asked
};

const CpuInfo& cpu_info();

// Cores this process may keep busy now: the affinity mask, cut by the cgroup's quota (v1 and v2). At least 1.
int usable_cores();

// usable_cores(), cut by DEEPSEEK_NUM_THREADS or, if that is not set, by OMP_NUM_THREADS (the first number of
// a list). Throws ValueError for a DEEPSEEK_NUM_THREADS that is no positive integer; an odd OMP_NUM_THREADS
// is ignored.
int default_num_threads();

}  // namespace ds
