// The default floating-point environment: round to nearest, keep subnormals, no traps. A caller may run with
// flush-to-zero, since any library linked with -ffast-math sets it for the whole process. So every entry
// point and every worker constructs a DefaultFpEnv. Its destructor restores the caller's environment and
// sticky flags.
#pragma once
#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ds {

class DefaultFpEnv {
public:
#if defined(__x86_64__)
    DefaultFpEnv() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
    ~DefaultFpEnv() { _mm_setcsr(saved_); }
#elif defined(__aarch64__)
    DefaultFpEnv() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" : : "r"(std::uint64_t(0)));
    }
    ~DefaultFpEnv() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }
#else
    DefaultFpEnv() {}
    ~DefaultFpEnv() {}
#endif
    DefaultFpEnv(const DefaultFpEnv&) = delete;
    DefaultFpEnv& operator=(const DefaultFpEnv&) = delete;

private:
#if defined(__aarch64__)
    std::uint64_t saved_ = 0;
#else
    unsigned saved_ = 0;
#endif
};

}  // namespace ds
