// The worker team of this process, and the barrier its workers meet at. One fork per run: whoever wants to
// compute in parallel takes a lease, runs one function on all its workers (the calling thread is worker 0),
// and gives it back.
//
//   TeamLease lease(wanted);                       // lease.workers(): what it got
//   Barrier barrier(lease.workers());
//   lease.run([&](int worker) { ... barrier.wait(); ... });
//
// Threads start on first use, spin briefly between runs, then sleep; they are joined at exit, forgotten in
// the child of a fork, have all signals blocked and the default floating-point environment, and never touch
// Python. The function must not throw. A thread that finds the team taken (or asks for one worker) runs
// alone: nobody waits for a lease.
#pragma once
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "core/types.h"

namespace ds {

inline constexpr int kMaxWorkers = 256;

// The process-wide number of workers a model without one of its own uses.
int get_num_threads();        // default_num_threads() until set
void set_num_threads(int n);  // ValueError unless 1 <= n <= kMaxWorkers

// How many of `most` workers `work` floating-point operations are worth, if one worker must get at least `least`:
// small work runs on the calling thread alone, whatever the user asks for.
int workers_worth(double work, double least, int most);

// For tests: all work is worth all workers, so that small cases meet every barrier.
void share_small_work(bool always);

class TeamLease {
public:
    explicit TeamLease(int workers);
    ~TeamLease();
    TeamLease(const TeamLease&) = delete;
    TeamLease& operator=(const TeamLease&) = delete;

    int workers() const { return workers_; }  // at least 1, at most what was asked for

    // fn(context, worker) for worker = 0 … workers() - 1, each on its own thread; returns when all are done.
    void run(void (*fn)(void* context, int worker), void* context);

    template <class F>
    void run(F&& f) {
        using Body = std::remove_reference_t<F>;
        run([](void* body, int worker) { (*static_cast<Body*>(body))(worker); },
            const_cast<void*>(static_cast<const void*>(&f)));
    }

private:
    int workers_ = 1;
};

// Threads of the team now (without the caller's); for tests.
int team_size();

// All of n threads pass wait() together, and what each did before it is seen by all after it. Spins, then
// sleeps. Lives where its participants can see it; alone on its cache line.
class alignas(64) Barrier {
public:
    explicit Barrier(int participants) : participants_(static_cast<std::uint32_t>(participants)) {}
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void wait() {
        if (participants_ > 1) meet();
    }
    int participants() const { return static_cast<int>(participants_); }

private:
    void meet();

    // Everything in one word, so that a meeting is one line going round: round << 16 | arrived << 1 | someone
    // sleeps.
    std::atomic<std::uint32_t> word_{0};
    std::uint32_t participants_;
};

}  // namespace ds
