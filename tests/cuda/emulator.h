// CUDA on the host, for tests: the threads of a block are fibers of the calling thread. They take turns at
// barriers and shuffles, in an order that a seed shuffles. Under ThreadSanitizer each fiber is a thread that
// only CUDA's barriers order, so a missing barrier is reported as a data race. A barrier that not all threads
// reach is an error; shared memory starts as NaN. Not emulated: the weak memory order of a GPU, asynchronous
// copies, tensor cores.
#pragma once
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

// The emulator's own state is of no interest to the sanitizer.
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define DS_UNSANITIZED __attribute__((no_sanitize_thread, noinline))
#else
#include <csetjmp>
#define DS_UNSANITIZED
#endif

namespace ds::emulator {

struct Dim3 {
    unsigned x = 1, y = 1, z = 1;
    unsigned count() const { return x * y * z; }
};

// Its generation ends when as many threads as expected have arrived.
struct Barrier {
    unsigned mask = 0, arrived = 0, generation = 0;
    char order[2] = {};  // for the sanitizer, by generation
};

struct Warp {
    Barrier barriers[8];  // one per mask
    std::uint64_t shuffled[32] = {};
};

struct Block {
    Dim3 index;
    unsigned alive = 0;
    Barrier barrier;
    std::vector<Warp> warps;
    std::vector<std::max_align_t> shared;
};

// A thread. Fibers are reused by the next launches.
struct Fiber {
    Dim3 index;
    unsigned rank = 0;  // in its block
    Block* block = nullptr;
    const unsigned* awaited = nullptr;  // it waits while this is `seen`
    unsigned seen = 0;
    bool started = false, done = false;
    ucontext_t context{};
    std::vector<char> stack = std::vector<char>(std::size_t(1) << 17);
#if defined(__SANITIZE_THREAD__)
    void* sanitizer = __tsan_create_fiber(0);
    ~Fiber() { __tsan_destroy_fiber(sanitizer); }
#else
    std::jmp_buf jump;
#endif
    Fiber() = default;
    Fiber(const Fiber&) = delete;
};

struct Device {
    Dim3 grid, block;
    std::function<void()> kernel;
    std::exception_ptr error;
    std::vector<std::unique_ptr<Fiber>> fibers;
    Fiber* running = nullptr;
    std::uint32_t seed = 1;
    char order = 0;  // for the sanitizer, of launches
    ucontext_t host{};
#if defined(__SANITIZE_THREAD__)
    void* host_sanitizer = nullptr;
#else
    std::jmp_buf host_jump;
#endif
};
// One per thread of the host, never destroyed: memory that is freed with the thread may wait for a kernel.
inline Device& device() {
    static thread_local Device& d = *new Device;
    return d;
}
DS_UNSANITIZED inline Fiber& self() { return *device().running; }

#if defined(__SANITIZE_THREAD__)
DS_UNSANITIZED inline void release(void* p) { __tsan_release(p); }
DS_UNSANITIZED inline void acquire(void* p) { __tsan_acquire(p); }
DS_UNSANITIZED inline void switch_to_host() {
    Fiber* const fiber = device().running;
    __tsan_switch_to_fiber(device().host_sanitizer, __tsan_switch_to_fiber_no_sync);
    swapcontext(&fiber->context, &device().host);
}
DS_UNSANITIZED inline void switch_to(Fiber& fiber) {
    device().running = &fiber;
    __tsan_switch_to_fiber(fiber.sanitizer, __tsan_switch_to_fiber_no_sync);
    swapcontext(&device().host, &fiber.context);
}
#else
inline void release(void*) {}
inline void acquire(void*) {}
// swapcontext() would ask the system for the signal mask.
inline void switch_to_host() {
    if (_setjmp(self().jump) == 0) _longjmp(device().host_jump, 1);
}
inline void switch_to(Fiber& fiber) {
    device().running = &fiber;
    if (_setjmp(device().host_jump) != 0) return;
    if (fiber.started) _longjmp(fiber.jump, 1);
    fiber.started = true;
    setcontext(&fiber.context);
}
#endif

DS_UNSANITIZED inline void wait_while(const unsigned* word, unsigned seen) {
    Fiber& fiber = self();
    fiber.awaited = word;
    fiber.seen = seen;
    switch_to_host();
    fiber.awaited = nullptr;
}

// orders_memory: barriers do, shuffles do not.
DS_UNSANITIZED inline void arrive_and_wait(Barrier& barrier, unsigned expected, bool orders_memory) {
    const unsigned generation = barrier.generation;
    char* const order = &barrier.order[generation % 2];
    if (orders_memory) release(order);
    if (++barrier.arrived >= expected) {
        barrier.arrived = 0;
        ++barrier.generation;
    } else {
        wait_while(&barrier.generation, generation);
    }
    if (orders_memory) acquire(order);
}

DS_UNSANITIZED inline Warp& warp() { return self().block->warps[self().rank / 32]; }
DS_UNSANITIZED inline unsigned warp_lane() { return self().rank % 32; }

DS_UNSANITIZED inline void sync_warp(unsigned mask, bool orders_memory) {
    if ((mask >> warp_lane() & 1) == 0) throw std::logic_error("warp: a thread outside its own mask");
    for (Barrier& barrier : warp().barriers)
        if (barrier.mask == mask || barrier.mask == 0) {
            barrier.mask = mask;
            return arrive_and_wait(barrier, unsigned(__builtin_popcount(mask)), orders_memory);
        }
    throw std::logic_error("warp: more masks than barriers");
}

template <class T>
DS_UNSANITIZED T shuffle(unsigned mask, T v, unsigned from) {
    Warp& w = warp();
    std::memcpy(&w.shuffled[warp_lane()], &v, sizeof v);
    sync_warp(mask, false);
    T got;
    std::memcpy(&got, &w.shuffled[from], sizeof got);
    sync_warp(mask, false);
    return got;
}

template <class T>
DS_UNSANITIZED T* shared_memory() {
    return reinterpret_cast<T*>(self().block->shared.data());
}

DS_UNSANITIZED inline void run_kernel(Device& d) {
    acquire(&d.order);
    try {
        d.kernel();
    } catch (...) {
        d.error = std::current_exception();
    }
    release(&d.order);
    Block& block = *self().block;
    self().done = true;
    if (--block.alive > 0 &&
        block.barrier.arrived >= block.alive) {  // threads that have left are not waited for
        block.barrier.arrived = 0;
        ++block.barrier.generation;
    }
}
DS_UNSANITIZED inline void fiber_main() {
    for (;;) {
        run_kernel(device());
        switch_to_host();
    }
}

DS_UNSANITIZED inline void add_fiber(Device& d) {
    Fiber& fiber = *d.fibers.emplace_back(std::make_unique<Fiber>());
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, fiber_main, 0);
}

DS_UNSANITIZED inline void run_block(unsigned number, std::size_t shared_bytes) {
    Device& d = device();
    const unsigned threads = d.block.count();
    Block block;
    block.index = {number % d.grid.x, number / d.grid.x % d.grid.y, number / d.grid.x / d.grid.y};
    block.alive = threads;
    block.warps.resize((threads + 31) / 32);
    block.shared.resize(shared_bytes / sizeof(std::max_align_t) + 1);
    std::memset(block.shared.data(), 0xff, shared_bytes);
    while (d.fibers.size() < threads) add_fiber(d);
    for (unsigned i = 0; i < threads; ++i) {
        Fiber& fiber = *d.fibers[i];
        fiber.rank = i;
        fiber.index = {i % d.block.x, i / d.block.x % d.block.y, i / d.block.x / d.block.y};
        fiber.block = &block;
        fiber.done = false;
    }
#if defined(__SANITIZE_THREAD__)
    d.host_sanitizer = __tsan_get_current_fiber();
#endif
    release(&d.order);
    for (unsigned left = threads; left > 0;) {
        d.seed = d.seed * 1664525u + 1013904223u;
        const unsigned start = d.seed >> 8, stride = d.seed & 1 << 7 ? 1 : threads - 1;
        bool progress = false;
        for (unsigned k = 0; k < threads; ++k) {
            Fiber& fiber = *d.fibers[(start + std::uint64_t(k) * stride) % threads];
            if (fiber.done || (fiber.awaited != nullptr && *fiber.awaited == fiber.seen)) continue;
            switch_to(fiber);
            progress = true;
            left -= fiber.done;
        }
        if (!progress && !d.error)
            d.error = std::make_exception_ptr(
                std::logic_error("deadlock: threads wait at a barrier that others never reach"));
        if (d.error) {
            acquire(&d.order);
            if (left > 0) d.fibers.clear();  // they are in the middle of the kernel
            std::rethrow_exception(std::exchange(d.error, nullptr));
        }
    }
    acquire(&d.order);
}

// Runs kernel() on every thread of the grid, one block after the other.
template <class F>
void launch(Dim3 grid, Dim3 block, std::size_t shared_bytes, const F& kernel) {
    Device& d = device();
    d.grid = grid;
    d.block = block;
    d.kernel = [&kernel] { kernel(); };
    for (unsigned b = 0; b < grid.count(); ++b) run_block(b, shared_bytes);
}

}  // namespace ds::emulator

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define threadIdx (::ds::emulator::self().index)
#define blockIdx (::ds::emulator::self().block->index)
#define blockDim (::ds::emulator::device().block)
#define gridDim (::ds::emulator::device().grid)

inline void __syncthreads() {
    ds::emulator::Block& block = *ds::emulator::self().block;
    ds::emulator::arrive_and_wait(block.barrier, block.alive, true);
}
inline void __syncwarp(unsigned mask = ~0u) { ds::emulator::sync_warp(mask, true); }
template <class T>
T __shfl_sync(unsigned mask, T v, int from, int width = 32) {
    const unsigned lane = ds::emulator::warp_lane();
    return ds::emulator::shuffle(mask, v,
                                 lane / unsigned(width) * unsigned(width) + unsigned(from) % unsigned(width));
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int by, int = 32) {
    return ds::emulator::shuffle(mask, v, ds::emulator::warp_lane() ^ unsigned(by));
}
DS_UNSANITIZED inline unsigned __ballot_sync(unsigned mask, bool v) {
    ds::emulator::Warp& warp = ds::emulator::warp();
    warp.shuffled[ds::emulator::warp_lane()] = v;
    ds::emulator::sync_warp(mask, false);
    unsigned votes = 0;
    for (unsigned lane = 0; lane < 32; ++lane)
        if (mask >> lane & 1) votes |= unsigned(warp.shuffled[lane] & 1) << lane;
    ds::emulator::sync_warp(mask, false);
    return votes;
}
inline bool __any_sync(unsigned mask, bool v) { return __ballot_sync(mask, v) != 0; }
inline bool __all_sync(unsigned mask, bool v) { return __ballot_sync(mask, v) == mask; }
