/* Counts the allocations that the engine makes, and lets one or all from one on fail. Preloaded into a test process.
 *
 * Only calls from the engine's own library, from libstdc++ (operator new) and from NumPy's core are seen: what the
 * interpreter allocates for itself is its own business. Uses glibc's names for what it stands before. */
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

static atomic_int armed;
static atomic_long seen, first, last;
static __thread int inside; /* dladdr may allocate */

static int is_watched(void* caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname &&
           (strstr(info.dli_fname, "/_core") || strstr(info.dli_fname, "libstdc++") ||
            strstr(info.dli_fname, "_multiarray_umath"));
}

static int fails(void* caller) {
    if (!atomic_load(&armed) || inside) return 0;
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

/* How many there were; ends the watch. */
long watched_allocations(void) {
    atomic_store(&armed, 0);
    return atomic_load(&seen);
}

#define DENY(result)                            \
    if (fails(__builtin_return_address(0))) {   \
        errno = ENOMEM;                         \
        return result;                          \
    }

void* malloc(size_t size) {
    DENY(NULL)
    return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    DENY(NULL)
    return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
    DENY(NULL)
    return __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
    DENY(NULL)
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    DENY(NULL)
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
    DENY(ENOMEM)
    void* found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *out = found;
    return 0;
}
