#include "core/team.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "core/check.h"
#include "core/cpu.h"
#include "core/fpenv.h"
#include "core/place.h"
#include "core/wait.h"

namespace ds {
namespace {

// Long enough to span the gaps inside a training run, short enough that an idle team costs nothing.
constexpr std::int64_t kSpin = 30'000;

// How long a caller looks on while a worker leaves its core: if it slept, that worker would wake it on the new one.
constexpr std::int64_t kParting = 1'000'000;

// With more workers than cores whoever spins keeps the one it waits for from running.
std::atomic<std::int64_t> spin_nanoseconds{kSpin};

std::atomic<bool> share_always{false};

struct alignas(64) Slot {
    WaitWord ticket{0};  // job number << 1 | asleep
    pthread_t thread{};
};

// Everything but the tickets and `pending` is written only by the holder of `taken`, before the tickets that
// publish it.
struct Team {
    std::atomic<bool> taken{false};
    std::atomic<int> size{0};  // threads, in slots 0 … size - 1 (worker numbers from 1)
    // Where the caller was last seen; -1: not known, or there are too few cores to keep apart.
    std::atomic<int> core{-1};
    std::atomic<int> caller{0};       // its current_thread()
    std::atomic<bool> parted{false};  // a worker has left that core; the caller has not waited since
    bool leave = false;
    void (*fn)(void*, int) = nullptr;
    void* context = nullptr;
    alignas(64) WaitWord pending{0};  // workers still busy << 1 | the caller sleeps
    Slot slots[kMaxWorkers - 1];
};

// Trivially destroyed: threads may outlive static destructors.
Team team;
std::atomic<int> chosen_threads{0};

thread_local bool is_worker = false;

// For a thread that has waited in vain: a worker leaves its caller's core. Returns how long to look on before sleeping,
// in nanoseconds; 0: no reason to.
std::int64_t part() {
    const int core = team.core.load(std::memory_order_relaxed);
    if (core < 0) return 0;
    if (!is_worker) {  // callers stay where they are
        team.core.store(current_core(), std::memory_order_relaxed);
        return team.parted.exchange(false, std::memory_order_relaxed) ? kParting : 0;
    }
    if (core != current_core() || !leave_core(core, team.caller.load(std::memory_order_relaxed))) return 0;
    team.parted.store(true, std::memory_order_relaxed);
    return kSpin;
}

// Returns when changed(value of the word, sleeping bit included) is true: spins, then sleeps.
template <class Changed>
void wait_until(WaitWord& word, Changed changed) {
    const auto done = [&] { return changed(word.load(std::memory_order_acquire)); };
    if (spin_until(done, spin_nanoseconds.load(std::memory_order_relaxed))) return;
    while (const std::int64_t longer = part())
        if (spin_until(done, longer)) return;
    sleep_until(word, changed);
    part();  // whoever wakes a thread may draw it to its own core
}

void call(Slot& slot) {
    const std::uint32_t next = (slot.ticket.load(std::memory_order_relaxed) & ~1u) + 2;
    if (slot.ticket.exchange(next, std::memory_order_acq_rel) & 1u) wake_all(slot.ticket);
}

void* work(void* argument) {
    const DefaultFpEnv environment;
    is_worker = true;
    auto& slot = *static_cast<Slot*>(argument);
    const int worker = static_cast<int>(&slot - team.slots) + 1;
    for (std::uint32_t seen = 0;; seen += 2) {
        wait_until(slot.ticket, [seen](std::uint32_t now) { return (now & ~1u) != seen; });
        if (team.leave) return nullptr;
        team.fn(team.context, worker);
        if (team.pending.fetch_sub(2, std::memory_order_acq_rel) == 3u) wake_all(team.pending);
    }
}

// At exit: let idle threads go and wait for them. If someone is computing, the end of the process ends them.
void dismiss() {
    if (team.taken.exchange(true, std::memory_order_acquire)) return;
    team.leave = true;
    const int size = team.size.load(std::memory_order_relaxed);
    for (int i = 0; i < size; ++i) call(team.slots[i]);
    for (int i = 0; i < size; ++i) pthread_join(team.slots[i].thread, nullptr);
    team.size.store(0, std::memory_order_relaxed);
    // and it stays taken: who comes later works alone.
}

// In the child of a fork there are no workers, whoever held the team.
void forget() { new (&team) Team; }

// The holder of `taken` calls it, so it needs no lock (which a fork could leave taken).
void prepare_once() {
    static bool prepared = false;
    if (prepared) return;
    pthread_atfork(nullptr, nullptr, forget);
    std::atexit(dismiss);
    prepared = true;
}

// Starts threads until there are `wanted`; the system may refuse some.
void grow(int wanted) {
    int size = team.size.load(std::memory_order_relaxed);
    if (size >= wanted) return;
    prepare_once();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; size < wanted; ++size) {
        Slot& slot = team.slots[size];
        slot.ticket.store(0, std::memory_order_relaxed);
        if (pthread_create(&slot.thread, nullptr, work, &slot) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    team.size.store(size, std::memory_order_relaxed);
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
        throw ValueError("threads: expected 1 to " + std::to_string(kMaxWorkers) + ", got " +
                         std::to_string(n));
    chosen_threads.store(n, std::memory_order_relaxed);
}

int workers_worth(double work, double least, int most) {
    if (share_always.load(std::memory_order_relaxed)) return most;
    const double worth = work / least;
    return worth >= most ? most : std::max(1, static_cast<int>(worth));
}

void share_small_work(bool always) { share_always.store(always, std::memory_order_relaxed); }

int team_size() { return team.size.load(std::memory_order_relaxed); }

TeamLease::TeamLease(int workers) {
    workers = std::min(workers, kMaxWorkers);
    if (workers <= 1) return;
    const int cores = cpu_info().cores;
    if (team.taken.exchange(true, std::memory_order_acquire)) return;
    grow(workers - 1);
    workers_ = std::min(workers, team.size.load(std::memory_order_relaxed) + 1);
    if (workers_ == 1) {
        team.taken.store(false, std::memory_order_release);
        return;
    }
    const bool enough = workers_ <= cores;
    spin_nanoseconds.store(enough ? kSpin : 0, std::memory_order_relaxed);
    team.caller.store(current_thread(), std::memory_order_relaxed);
    team.core.store(enough ? current_core() : -1, std::memory_order_relaxed);
}

TeamLease::~TeamLease() {
    if (workers_ > 1) team.taken.store(false, std::memory_order_release);
}

void TeamLease::run(void (*fn)(void* context, int worker), void* context) {
    const DefaultFpEnv environment;
    if (workers_ == 1) return fn(context, 0);
    team.fn = fn;
    team.context = context;
    team.pending.store(static_cast<std::uint32_t>(workers_ - 1) << 1, std::memory_order_relaxed);
    for (int i = 0; i < workers_ - 1; ++i) call(team.slots[i]);
    fn(context, 0);
    wait_until(team.pending, [](std::uint32_t now) { return now >> 1 == 0; });
}

void Barrier::meet() {
    const std::uint32_t before = word_.fetch_add(2, std::memory_order_acq_rel);
    const std::uint32_t round = before >> 16;
    if ((before >> 1 & 0x7fffu) + 1 == participants_) {
        if (word_.exchange((round + 1) << 16, std::memory_order_acq_rel) & 1u) wake_all(word_);
        return;
    }
    wait_until(word_, [round](std::uint32_t now) { return now >> 16 != round; });
}

}  // namespace ds
