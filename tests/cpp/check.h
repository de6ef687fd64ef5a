// A test program in one header: CHECK counts, main() returns report(). pytest runs the programs and reads the
// exit code.
#pragma once
#include <cstdio>
#include <cstring>

inline int checks_done = 0, checks_failed = 0;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        ++checks_done;                                                                             \
        if (!(condition)) {                                                                        \
            if (++checks_failed <= 20) std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                                          \
    } while (false)

#define CHECK_THROWS(Error, expression)      \
    do {                                     \
        bool thrown = false;                 \
        try {                                \
            (void)(expression);              \
        } catch (const Error&) {             \
            thrown = true;                   \
        }                                    \
        CHECK(thrown && #Error #expression); \
    } while (false)

inline bool same_bytes(const void* a, const void* b, std::size_t n) { return std::memcmp(a, b, n) == 0; }

inline int report() {
    std::printf("%d checks, %d failed\n", checks_done, checks_failed);
    return checks_failed == 0 ? 0 : 1;
}
