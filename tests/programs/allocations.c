/* Counts the allocations that the engine makes, and lets one or all from one on fail. Preloaded into a test.
 *
 * Calls from the engine's own library, from libstdc++ (operator new) and from NumPy, whose folder is called _core as
 * well, are seen; those of NumPy can be left out, for it does not answer every failure by an exception (NumPy 2.4 has a
 * SystemError for some, and products of matrices crash). What the interpreter allocates for itself is its own business.
 * So is what pybind11 does: entries of its tables, made where it cannot report failure; they are told by their size.
 * Uses glibc's names for what it stands before. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_int armed, numpy_too = 1;
static atomic_long seen, first, last;
static __thread int inside; /* dladdr may allocate */
enum { kNode = 64 };        /* bytes */

static int is_watched(void* caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname &&
           (strstr(info.dli_fname, "/_core.") || strstr(info.dli_fname, "libstdc++") ||
            (atomic_load(&numpy_too) && strstr(info.dli_fname, "/_core/")));
}

static int fails(void* caller, size_t size) {
    if (!atomic_load(&armed) || inside || size <= kNode) return 0;
    inside = 1;
    long n = is_watched(caller) ? atomic_fetch_add(&seen, 1) + 1 : 0;
    inside = 0;
    return n >= atomic_load(&first) && n <= atomic_load(&last) && n > 0;
}

/* From now on count; let the allocations number `from` to `to` (counted from 1) fail. */
void watch_allocations(long from, long to) {
    atomic_store(&seen, 0);
    atomic_store(&first, from);
    atomic_store(&last, to);
    atomic_store(&armed, 1);
}

/* Whether those of NumPy are seen, as they are at first. */
void watch_numpy(int too) { atomic_store(&numpy_too, too); }

/* How many there were; ends the watch. */
long watched_allocations(void) {
    atomic_store(&armed, 0);
    return atomic_load(&seen);
}

#define DENY(size, result)                          \
    if (fails(__builtin_return_address(0), size)) { \
        errno = ENOMEM;                             \
        return result;                              \
    }

void* malloc(size_t size) {
    DENY(size, NULL)
    return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    DENY(count * size, NULL)
    return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
    DENY(size, NULL)
    return __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
    DENY(size, NULL)
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    DENY(size, NULL)
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
    DENY(size, ENOMEM)
    void* found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *out = found;
    return 0;
}
