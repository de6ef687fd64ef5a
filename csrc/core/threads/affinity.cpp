#include "core/threads/affinity.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ds {

#if defined(__linux__)

int current_core() { return sched_getcpu(); }
int current_thread() { return static_cast<int>(syscall(SYS_gettid)); }

bool move_off_core(int core, int like) {
    cpu_set_t cores;
    if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(like, sizeof cores, &cores) != 0) return false;
    CPU_CLR(core, &cores);
    return CPU_COUNT(&cores) > 0 && sched_setaffinity(0, sizeof cores, &cores) == 0;
}

#else

int current_core() { return -1; }
int current_thread() { return 0; }
bool move_off_core(int, int) { return false; }

#endif

}  // namespace ds
