#include "core/cpu.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace ds {
namespace {

#if defined(__x86_64__)

struct Leaf {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf cpuid(unsigned leaf, unsigned sub = 0) {
    Leaf r;
    __get_cpuid_count(leaf, sub, &r.eax, &r.ebx, &r.ecx, &r.edx);
    return r;
}

bool bit(unsigned word, int n) { return (word >> n & 1u) != 0; }

// The register files that the operating system saves on a context switch (XCR0).
std::uint64_t saved_state() {
    if (!bit(cpuid(1).ecx, 27)) return 0;
    std::uint32_t lo, hi;
    asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return lo | std::uint64_t{hi} << 32;
}

void append(std::string& text, unsigned word) {
    char bytes[4];
    std::memcpy(bytes, &word, 4);
    text.append(bytes, 4);
}

std::string trimmed(const std::string& text) {
    const std::string clean = text.c_str();  // up to the first zero
    const std::size_t begin = clean.find_first_not_of(' ');
    return begin == std::string::npos ? "" : clean.substr(begin, clean.find_last_not_of(' ') - begin + 1);
}

void read_features(CpuInfo& info) {
    const Leaf basic = cpuid(1), extended = cpuid(7), more = cpuid(7, 1);
    const std::uint64_t state = saved_state();
    const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6;
    const auto feature = [&](const char* name, bool there) {
        if (there) info.features.emplace_back(name);
        return there;
    };
    feature("sse2", bit(basic.edx, 26));
    feature("sse4.2", bit(basic.ecx, 20));
    feature("avx", ymm && bit(basic.ecx, 28));
    const bool avx2 = feature("avx2", ymm && bit(extended.ebx, 5));
    info.fma = feature("fma", ymm && bit(basic.ecx, 12));
    const bool bmi2 = feature("bmi2", bit(extended.ebx, 8));
    const bool f = feature("avx512f", zmm && bit(extended.ebx, 16));
    const bool dq = feature("avx512dq", zmm && bit(extended.ebx, 17));
    const bool bw = feature("avx512bw", zmm && bit(extended.ebx, 30));
    const bool vl = feature("avx512vl", zmm && bit(extended.ebx, 31));
    feature("avx512_bf16", zmm && bit(more.eax, 5));
    info.avx2 = avx2 && info.fma && bmi2;
    info.avx512 = info.avx2 && f && dq && bw && vl;
}

// Leaf 4 (Intel) and leaf 0x8000001d (AMD) have the same layout.
void read_caches(CpuInfo& info) {
    const unsigned leaf = info.vendor == "AuthenticAMD" ? 0x8000001du : 4u;
    for (unsigned i = 0; i < 16; ++i) {
        const Leaf c = cpuid(leaf, i);
        const unsigned type = c.eax & 31u, level = c.eax >> 5 & 7u;
        if (type == 0) return;
        const Index size = Index((c.ebx >> 22) + 1) * Index((c.ebx >> 12 & 1023u) + 1) *
                           Index((c.ebx & 4095u) + 1) * (Index(c.ecx) + 1);
        if (level == 1 && type == 1) info.l1d = size;
        if (level == 2) info.l2 = size;
        if (level == 3) info.l3 = size;
    }
}

void read(CpuInfo& info) {
    const Leaf id = cpuid(0);
    for (const unsigned word : {id.ebx, id.edx, id.ecx}) append(info.vendor, word);
    if (cpuid(0x80000000u).eax >= 0x80000004u)
        for (unsigned leaf = 0x80000002u; leaf <= 0x80000004u; ++leaf) {
            const Leaf part = cpuid(leaf);
            for (const unsigned word : {part.eax, part.ebx, part.ecx, part.edx}) append(info.brand, word);
        }
    info.brand = trimmed(info.brand);
    read_features(info);
    read_caches(info);
}

#elif defined(__APPLE__)

Index number(const char* name, Index otherwise) {
    std::int64_t value = 0;
    std::size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value > 0 ? value : otherwise;
}

void read(CpuInfo& info) {
    info.vendor = "Apple";
    char brand[128] = {};
    std::size_t size = sizeof brand - 1;
    if (sysctlbyname("machdep.cpu.brand_string", brand, &size, nullptr, 0) == 0) info.brand = brand;
    info.features = {"neon", "fma"};
    info.fma = true;
    info.l1d = number("hw.perflevel0.l1dcachesize", info.l1d);
    info.l2 = number("hw.perflevel0.l2cachesize", info.l2);
}

#else

Index cache_size(int index, char* type, int& level) {
    char path[96], text[32];
    const auto read_file = [&](const char* name) {
        std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
        std::FILE* file = std::fopen(path, "r");
        const bool good = file != nullptr && std::fgets(text, sizeof text, file) != nullptr;
        if (file != nullptr) std::fclose(file);
        return good;
    };
    if (!read_file("level")) return 0;
    level = text[0] - '0';
    if (!read_file("type")) return 0;
    *type = text[0];
    long long size = 0;
    char unit = 0;
    if (!read_file("size") || std::sscanf(text, "%lld%c", &size, &unit) < 1) return 0;
    return unit == 'K' ? size << 10 : unit == 'M' ? size << 20 : size;
}

void read(CpuInfo& info) {
    info.vendor = info.brand = "arm64";
    info.features = {"neon", "fma"};
    info.fma = true;
    for (int i = 0; i < 8; ++i) {
        char type = 0;
        int level = 0;
        const Index size = cache_size(i, &type, level);
        if (size == 0) break;
        if (level == 1 && type == 'D') info.l1d = size;
        if (level == 2) info.l2 = size;
        if (level == 3) info.l3 = size;
    }
}

#endif

}  // namespace

const CpuInfo& cpu_info() {
    // Never destroyed, since daemon threads outlive static destructors. No lock, which a fork could leave
    // locked.
    static std::atomic<const CpuInfo*> cached{nullptr};
    const CpuInfo* info = cached.load(std::memory_order_acquire);
    if (info == nullptr) {
        auto fresh = std::make_unique<CpuInfo>();
        read(*fresh);
        fresh->cores = usable_cores();
        if (cached.compare_exchange_strong(info, fresh.get(), std::memory_order_acq_rel))
            info = fresh.release();
    }
    return *info;
}

}  // namespace ds
