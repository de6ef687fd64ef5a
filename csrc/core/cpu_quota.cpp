// The number of cores that this process may use, from its affinity, cgroup quota and environment. cpu.cpp has
// the rest of cpu.h.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "core/cpu.h"

#if defined(__linux__)
#include <sched.h>
#endif
#include <unistd.h>

namespace ds {
namespace {

#if defined(__linux__)

int affinity_cores() {
    // The kernel refuses masks smaller than its own, so grow until one fits.
    for (int size = 1024; size <= 1 << 16; size *= 4) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(size));
        if (set == nullptr) return 0;
        const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
        const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
    return 0;
}

bool first_line(const std::string& path, char* text, int size) {
    std::FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return false;
    const bool good = std::fgets(text, size, file) != nullptr;
    std::fclose(file);
    return good;
}

// Cores a group's quota allows (0: no limit there).
int group_quota(const std::string& folder, bool unified) {
    char text[64];
    long long quota = 0, period = 0;
    if (unified) {
        if (!first_line(folder + "/cpu.max", text, sizeof text)) return 0;
        if (std::sscanf(text, "%lld %lld", &quota, &period) != 2) return 0;  // "max 100000"
    } else {
        if (!first_line(folder + "/cpu.cfs_quota_us", text, sizeof text)) return 0;
        if (std::sscanf(text, "%lld", &quota) != 1) return 0;
        if (!first_line(folder + "/cpu.cfs_period_us", text, sizeof text)) return 0;
        if (std::sscanf(text, "%lld", &period) != 1) return 0;
    }
    if (quota <= 0 || period <= 0) return 0;
    return static_cast<int>(std::clamp<long long>((quota + period - 1) / period, 1, 1 << 20));
}

// The tightest quota of a group and all above it; inside a container the mount itself is the group.
int tightest(const std::string& mount, std::string group, bool unified) {
    int limit = 0;
    for (;;) {
        const int here = group_quota(mount + group, unified);
        if (here > 0) limit = limit > 0 ? std::min(limit, here) : here;
        const std::size_t slash = group.find_last_of('/');
        if (slash == std::string::npos) return limit;
        group.resize(slash);
    }
}

// Lines "id:controllers:/group" of the process; v2 has one with no controllers.
int quota_cores() {
    std::FILE* file = std::fopen("/proc/self/cgroup", "r");
    if (file == nullptr) return 0;
    int limit = 0;
    char line[4096];
    while (std::fgets(line, sizeof line, file) != nullptr) {
        line[std::strcspn(line, "\n")] = 0;
        const char* controllers = std::strchr(line, ':');
        const char* group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
        if (group == nullptr) continue;
        const std::string names(controllers + 1, group);
        int here = 0;
        if (names.empty())
            here = tightest("/sys/fs/cgroup", group + 1, true);
        else if (names == "cpu" || names == "cpu,cpuacct" || names == "cpuacct,cpu")
            here = tightest("/sys/fs/cgroup/cpu", group + 1, false);
        if (here > 0) limit = limit > 0 ? std::min(limit, here) : here;
    }
    std::fclose(file);
    return limit;
}

#else

int affinity_cores() { return 0; }
int quota_cores() { return 0; }

#endif

// A positive integer (with blanks around it, or, if `list`, before a comma); 0 for anything else.
int parse_threads(const char* text, bool list) {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (end == text || n < 1) return 0;
    while (*end == ' ' || *end == '\t') ++end;
    if (*end != 0 && !(list && *end == ',')) return 0;
    return static_cast<int>(std::min(n, 1L << 20));
}

int environment_limit() {
    if (const char* text = std::getenv("DEEPSEEK_NUM_THREADS"); text != nullptr && *text != 0) {
        const int n = parse_threads(text, false);
        if (n == 0)
            throw ValueError(std::string("DEEPSEEK_NUM_THREADS: got \"") + text +
                             "\"; expected a positive integer");
        return n;
    }
    const char* text = std::getenv("OMP_NUM_THREADS");
    return text == nullptr ? 0 : parse_threads(text, true);
}

}  // namespace

int usable_cores() {
    int cores = affinity_cores();
    if (cores == 0) cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    const int quota = quota_cores();
    if (quota > 0) cores = std::min(cores, quota);
    return std::max(cores, 1);
}

int default_num_threads() {
    const int cores = usable_cores();
    const int limit = environment_limit();
    return limit > 0 ? std::min(limit, cores) : cores;
}

}  // namespace ds
