#include "core/threads/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "core/check.h"
#include "core/cpu.h"
#include "core/fpenv.h"
#include "core/threads/affinity.h"
#include "core/threads/wait.h"

namespace ds {
namespace {

// Nanoseconds. Longer than the gaps inside a training run, short enough that an idle pool costs nothing.
constexpr std::int64_t kSpin = 30'000;

// Spinning of a caller while a worker leaves its core, in nanoseconds. If it slept, that worker would wake it
// on the worker's new core.
constexpr std::int64_t kMigrationSpin = 1'000'000;

// 0 with more workers than cores: a spinning thread would keep the awaited one from running.
std::atomic<std::int64_t> spin_nanoseconds{kSpin};

std::atomic<bool> share_always{false};

struct alignas(64) Slot {
    WaitWord ticket{0};  // job number << 1 | the thread sleeps
    pthread_t thread{};
};

// Only the thread that set `leased` writes the other members, before the tickets that publish them. Tickets
// and `pending` are the exception.
struct ThreadPool {
    std::atomic<bool> leased{false};
    std::atomic<int> size{0};  // threads, in slots 0 … size - 1 (worker numbers from 1)
    // The core on which the caller last ran; -1: unknown, or there are fewer cores than workers.
    std::atomic<int> core{-1};
    std::atomic<int> caller{0};             // its current_thread()
    std::atomic<bool> worker_moved{false};  // a worker has left that core since the caller last waited
    bool shut_down = false;
    void (*fn)(void*, int) = nullptr;
    void* context = nullptr;
    alignas(64) WaitWord pending{0};  // workers still busy << 1 | the caller sleeps
    Slot slots[kMaxWorkers - 1];
};

// Trivially destroyed: threads may outlive static destructors.
ThreadPool pool;
std::atomic<int> chosen_threads{0};

thread_local bool is_worker = false;

// Called when spinning was in vain: a worker leaves its caller's core. Returns the nanoseconds to spin before
// sleeping.
std::int64_t leave_callers_core() {
    const int core = pool.core.load(std::memory_order_relaxed);
    if (core < 0) return 0;
    if (!is_worker) {  // callers keep their core
        pool.core.store(current_core(), std::memory_order_relaxed);
        return pool.worker_moved.exchange(false, std::memory_order_relaxed) ? kMigrationSpin : 0;
    }
    if (core != current_core() || !move_off_core(core, pool.caller.load(std::memory_order_relaxed))) return 0;
    pool.worker_moved.store(true, std::memory_order_relaxed);
    return kSpin;
}

// Returns when changed(value of the word with its sleeping bit) is true: spins, then sleeps.
template <class Changed>
void wait_until(WaitWord& word, Changed changed) {
    const auto done = [&] { return changed(word.load(std::memory_order_acquire)); };
    if (spin_until(done, spin_nanoseconds.load(std::memory_order_relaxed))) return;
    while (const std::int64_t longer = leave_callers_core())
        if (spin_until(done, longer)) return;
    sleep_until(word, changed);
    leave_callers_core();  // the kernel may have woken this thread on the waking thread's core
}

void start_job(Slot& slot) {
    const std::uint32_t next = (slot.ticket.load(std::memory_order_relaxed) & ~1u) + 2;
    if (slot.ticket.exchange(next, std::memory_order_acq_rel) & 1u) wake_all(slot.ticket);
}

void* worker_loop(void* argument) {
    const DefaultFpEnv environment;
    is_worker = true;
    auto& slot = *static_cast<Slot*>(argument);
    const int worker = static_cast<int>(&slot - pool.slots) + 1;
    for (std::uint32_t seen = 0;; seen += 2) {
        wait_until(slot.ticket, [seen](std::uint32_t now) { return (now & ~1u) != seen; });
        if (pool.shut_down) return nullptr;
        pool.fn(pool.context, worker);
        if (pool.pending.fetch_sub(2, std::memory_order_acq_rel) == 3u) wake_all(pool.pending);
    }
}

// At exit: joins idle threads. Threads that compute end with the process.
void join_workers() {
    if (pool.leased.exchange(true, std::memory_order_acquire)) return;
    pool.shut_down = true;
    const int size = pool.size.load(std::memory_order_relaxed);
    for (int i = 0; i < size; ++i) start_job(pool.slots[i]);
    for (int i = 0; i < size; ++i) pthread_join(pool.slots[i].thread, nullptr);
    pool.size.store(0, std::memory_order_relaxed);
    // The pool stays leased: later calls run alone.
}

// The child of a fork has no workers, even if the pool was leased.
void reset_after_fork() { new (&pool) ThreadPool; }

// Called with the pool leased, so it needs no lock, which a fork could leave locked.
void register_handlers_once() {
    static bool registered = false;
    if (registered) return;
    pthread_atfork(nullptr, nullptr, reset_after_fork);
    std::atexit(join_workers);
    registered = true;
}

// Starts threads until there are `count`; the system may refuse some.
void start_workers(int count) {
    int size = pool.size.load(std::memory_order_relaxed);
    if (size >= count) return;
    register_handlers_once();
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    for (; size < count; ++size) {
        Slot& slot = pool.slots[size];
        slot.ticket.store(0, std::memory_order_relaxed);
        if (pthread_create(&slot.thread, nullptr, worker_loop, &slot) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    pool.size.store(size, std::memory_order_relaxed);
}

}  // namespace

int get_num_threads() {
    int n = chosen_threads.load(std::memory_order_relaxed);
    if (n == 0) {
        n = std::min(default_num_threads(), kMaxWorkers);
        int none = 0;
        if (!chosen_threads.compare_exchange_strong(none, n, std::memory_order_relaxed)) n = none;
    }
    return n;
}

void set_num_threads(int n) {
    if (n < 1 || n > kMaxWorkers)
        throw ValueError("threads: got " + std::to_string(n) + "; expected 1 to " +
                         std::to_string(kMaxWorkers));
    chosen_threads.store(n, std::memory_order_relaxed);
}

int useful_workers(double work, double min_work, int max_workers) {
    if (share_always.load(std::memory_order_relaxed)) return max_workers;
    const double useful = work / min_work;
    return useful >= max_workers ? max_workers : std::max(1, static_cast<int>(useful));
}

void share_small_work(bool always) { share_always.store(always, std::memory_order_relaxed); }

int thread_pool_size() { return pool.size.load(std::memory_order_relaxed); }

ThreadPoolLease::ThreadPoolLease(int workers) {
    workers = std::min(workers, kMaxWorkers);
    if (workers <= 1) return;
    const int cores = cpu_info().cores;
    if (pool.leased.exchange(true, std::memory_order_acquire)) return;
    start_workers(workers - 1);
    workers_ = std::min(workers, pool.size.load(std::memory_order_relaxed) + 1);
    if (workers_ == 1) {
        pool.leased.store(false, std::memory_order_release);
        return;
    }
    const bool enough = workers_ <= cores;
    spin_nanoseconds.store(enough ? kSpin : 0, std::memory_order_relaxed);
    pool.caller.store(current_thread(), std::memory_order_relaxed);
    pool.core.store(enough ? current_core() : -1, std::memory_order_relaxed);
}

ThreadPoolLease::~ThreadPoolLease() {
    if (workers_ > 1) pool.leased.store(false, std::memory_order_release);
}

void ThreadPoolLease::run(void (*fn)(void* context, int worker), void* context) {
    const DefaultFpEnv environment;
    if (workers_ == 1) return fn(context, 0);
    pool.fn = fn;
    pool.context = context;
    pool.pending.store(static_cast<std::uint32_t>(workers_ - 1) << 1, std::memory_order_relaxed);
    for (int i = 0; i < workers_ - 1; ++i) start_job(pool.slots[i]);
    fn(context, 0);
    wait_until(pool.pending, [](std::uint32_t now) { return now >> 1 == 0; });
}

void Barrier::wait_for_others() {
    const std::uint32_t seen = word_.fetch_add(2, std::memory_order_acq_rel);
    const std::uint32_t round = seen >> 16;
    if ((seen >> 1 & 0x7fffu) + 1 == participants_) {
        if (word_.exchange((round + 1) << 16, std::memory_order_acq_rel) & 1u) wake_all(word_);
        return;
    }
    wait_until(word_, [round](std::uint32_t now) { return now >> 16 != round; });
}

}  // namespace ds
