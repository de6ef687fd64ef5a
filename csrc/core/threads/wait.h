// Waiting for one 32-bit word to change: spin for a while, then sleep in the kernel. Only acquire and release
// operations and no fences, so that ThreadSanitizer understands it. The lowest bit of the word says that a
// thread sleeps on it. A thread sets the bit before it sleeps; the thread that changes the word clears the
// bit in the same exchange, and wakes the sleepers.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#endif

namespace ds {

using WaitWord = std::atomic<std::uint32_t>;

inline void sleep_while(WaitWord& word, std::uint32_t value) {
#if defined(__linux__)
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
    word.wait(value, std::memory_order_acquire);
#endif
}

inline void wake_all(WaitWord& word) {
#if defined(__linux__)
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
    word.notify_all();
#endif
}

inline void pause_cpu() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

// Calls done() until it is true or `nanoseconds` have passed; returns its last result.
template <class Done>
bool spin_until(Done done, std::int64_t nanoseconds) {
    using Clock = std::chrono::steady_clock;
    for (int i = 0; i < 32; ++i) {
        if (done()) return true;
        pause_cpu();
    }
    const auto end = Clock::now() + std::chrono::nanoseconds(nanoseconds);
    do {
        for (int i = 0; i < 16; ++i) {
            if (done()) return true;
            pause_cpu();
        }
    } while (Clock::now() < end);
    return done();
}

// Sleeps until changed(value of the word with its sleeping bit) is true.
template <class Changed>
void sleep_until(WaitWord& word, Changed changed) {
    for (;;) {
        std::uint32_t now = word.load(std::memory_order_acquire);
        if (changed(now)) return;
        if ((now & 1u) == 0 && !word.compare_exchange_weak(now, now | 1u, std::memory_order_acq_rel))
            continue;
        sleep_while(word, now | 1u);
    }
}

}  // namespace ds
