// The thread pool of this process, and a barrier for its workers. A parallel call takes a lease, runs one
// function on all workers of the lease (the calling thread is worker 0), and returns it:
//
//   ThreadPoolLease lease(workers);                       // lease.workers() is the number it got
//   Barrier barrier(lease.workers());
//   lease.run([&](int worker) { ... barrier.wait(); ... });
//
// Threads start on first use, spin briefly between runs, then sleep. They are joined at exit, and forgotten
// in the child of a fork. They block all signals, use the default floating-point environment, and never touch
// Python. The function must not throw. A thread that finds the pool leased, or asks for one worker, runs
// alone; no thread waits for a lease.
#pragma once
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "core/types.h"

namespace ds {

inline constexpr int kMaxWorkers = 256;

// Process-wide number of workers, for models that have none of their own.
int get_num_threads();        // default_num_threads() until set
void set_num_threads(int n);  // ValueError unless 1 <= n <= kMaxWorkers

// Workers for `work`, if each must get at least `min_work` of it; at least 1, at most max_workers.
int useful_workers(double work, double min_work, int max_workers);

// For tests: useful_workers() returns max_workers, so that small cases reach every barrier.
void share_small_work(bool always);

class ThreadPoolLease {
public:
    explicit ThreadPoolLease(int workers);
    ~ThreadPoolLease();
    ThreadPoolLease(const ThreadPoolLease&) = delete;
    ThreadPoolLease& operator=(const ThreadPoolLease&) = delete;

    int workers() const { return workers_; }  // 1 … the number requested

    // fn(context, worker) for worker = 0 … workers() - 1, each on its own thread; returns when all are done.
    void run(void (*fn)(void* context, int worker), void* context);

    template <class F>
    void run(F&& f) {
        using Function = std::remove_reference_t<F>;
        run([](void* function, int worker) { (*static_cast<Function*>(function))(worker); },
            const_cast<void*>(static_cast<const void*>(&f)));
    }

private:
    int workers_ = 1;
};

// Threads in the pool now, without the caller's; for tests.
int thread_pool_size();

// All participants pass wait() together, and each then sees what the others wrote before it. Spins, then
// sleeps. Has a cache line of its own.
class alignas(64) Barrier {
public:
    explicit Barrier(int participants) : participants_(static_cast<std::uint32_t>(participants)) {}
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void wait() {
        if (participants_ > 1) wait_for_others();
    }
    int participants() const { return static_cast<int>(participants_); }

private:
    void wait_for_others();

    // All state in one word, so that only one cache line moves between the cores:
    // round << 16 | arrived << 1 | a thread sleeps.
    std::atomic<std::uint32_t> word_{0};
    std::uint32_t participants_;
};

}  // namespace ds
