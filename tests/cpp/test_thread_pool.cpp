// The thread pool: leases, barriers, forks, exit. `test_thread_pool time` prints the latencies instead.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <thread>
#include <vector>

#include "check.h"
#include "core/cpu.h"
#include "core/threads/affinity.h"
#include "core/threads/thread_pool.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace ds;

namespace {

void leases() {
    CHECK(thread_pool_size() == 0);
    {
        ThreadPoolLease alone(1);
        int ran = 0;
        alone.run([&](int worker) { ran += worker + 1; });
        CHECK(alone.workers() == 1 && ran == 1 && thread_pool_size() == 0);
    }
    for (const int workers : {2, 4, 3, 8}) {
        ThreadPoolLease lease(workers);
        CHECK(lease.workers() == workers);
        std::vector<int> ran(static_cast<std::size_t>(workers));
        lease.run([&](int worker) { ++ran[static_cast<std::size_t>(worker)]; });
        lease.run([&](int worker) { ++ran[static_cast<std::size_t>(worker)]; });
        for (const int times : ran) CHECK(times == 2);
        ThreadPoolLease second(workers);
        CHECK(second.workers() == 1);  // the pool is leased
    }
    CHECK(thread_pool_size() == 7);
}

void workers_have_a_default_environment() {
    ThreadPoolLease lease(2);
    bool blocked = false;
    unsigned flags = 0;
#if defined(__x86_64__)
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040u);
#endif
    lease.run([&](int worker) {
        if (worker != 1) return;
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = sigismember(&mask, SIGINT) == 1;
#if defined(__x86_64__)
        flags = _mm_getcsr() & 0x8040u;
#endif
    });
#if defined(__x86_64__)
    CHECK(_mm_getcsr() == (before | 0x8040u));
    _mm_setcsr(before);
#endif
    CHECK(blocked && flags == 0);
}

// In each round every worker writes its part, and reads all parts between two barriers.
void barriers(int workers, int rounds) {
    ThreadPoolLease lease(workers);
    Barrier barrier(lease.workers());
    std::vector<Index> part(static_cast<std::size_t>(workers) * 8);
    std::atomic<Index> wrong{0};
    lease.run([&](int worker) {
        for (Index round = 1; round <= rounds; ++round) {
            part[static_cast<std::size_t>(worker) * 8] = round;
            barrier.wait();
            for (int w = 0; w < workers; ++w) wrong += part[static_cast<std::size_t>(w) * 8] != round;
            barrier.wait();
        }
    });
    CHECK(wrong == 0);
}

void several_callers() {
    std::atomic<Index> sum{0};
    std::vector<std::thread> callers;
    for (int t = 0; t < 4; ++t)
        callers.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                ThreadPoolLease lease(2);
                Barrier barrier(lease.workers());
                lease.run([&](int worker) {
                    barrier.wait();
                    if (worker == 0) ++sum;
                });
            }
        });
    for (std::thread& caller : callers) caller.join();
    CHECK(sum == 800);
}

#if defined(__linux__)
void stay_on(const cpu_set_t& cores) { CHECK(sched_setaffinity(0, sizeof cores, &cores) == 0); }

cpu_set_t only(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return set;
}

cpu_set_t allowed() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0);
    return set;
}

void affinity() {
    if (cpu_info().cores < 2) return;
    const int caller = current_thread();
    std::thread([caller] {
        const cpu_set_t all = allowed();
        const int first = current_core();
        CHECK(!move_off_core(-1, caller) && !move_off_core(first, 0x7fffffff));
        CHECK(move_off_core(first, caller) && current_core() != first);
        const int second = current_core();
        CHECK(move_off_core(second, caller) && current_core() != second);  // the first is free again
        const cpu_set_t now = allowed();
        CHECK(CPU_COUNT(&now) == CPU_COUNT(&all) - 1 && !CPU_ISSET(second, &now));
        stay_on(only(second));
        CHECK(!move_off_core(second, current_thread()) && current_core() == second);  // it has no other core
    }).join();
}

// A worker that finds itself on its caller's core leaves it.
void worker_leaves_its_callers_core() {
    if (cpu_info().cores < 2) return;
    std::thread([] {
        const cpu_set_t all = allowed();
        bool left = false;
        for (int i = 0; i < 1000 && !left; ++i) {
            int where = -1;
            {
                ThreadPoolLease lease(2);
                lease.run([&](int worker) {
                    if (worker == 1) where = current_core();
                });
            }
            stay_on(only(where));
            stay_on(all);
            ThreadPoolLease lease(2);
            Barrier barrier(lease.workers());
            lease.run([&](int worker) {
                for (int round = 0; round < 3; ++round) {
                    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
                    while (worker == 0 && std::chrono::steady_clock::now() < end) continue;
                    barrier.wait();
                }
                if (worker == 1) {
                    cpu_set_t mine;
                    sched_getaffinity(0, sizeof mine, &mine);
                    left = !CPU_ISSET(where, &mine);
                }
            });
        }
        CHECK(left);
    }).join();
}
#endif

int in_child(void (*body)()) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        body();
        _exit(checks_failed == 0 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

[[maybe_unused]] void use_in_child() {
    CHECK(thread_pool_size() == 0);
    barriers(2, 100);
    CHECK(thread_pool_size() == 1);
    CHECK(in_child([] { barriers(3, 50); }) == 0);
}

[[maybe_unused]] void forks() {
    CHECK(in_child(use_in_child) == 0);
    // While another thread leases the pool and computes.
    std::atomic<bool> stop{false}, started{false};
    std::thread busy([&] {
        ThreadPoolLease lease(2);
        lease.run([&](int) {
            started = true;
            while (!stop) usleep(100);
        });
    });
    while (!started) usleep(100);
    for (int i = 0; i < 5; ++i) CHECK(in_child(use_in_child) == 0);
    stop = true;
    busy.join();
    barriers(2, 100);
}

[[maybe_unused]] void exits() {
    // The process exits while a detached thread computes in the pool.
    CHECK(in_child([] {
              std::atomic<bool> started{false};
              auto* flag = &started;
              std::thread([flag] {
                  ThreadPoolLease lease(2);
                  lease.run([flag](int) {
                      *flag = true;
                      for (;;) usleep(1000);
                  });
              }).detach();
              while (!started) usleep(100);
              std::exit(0);
          }) == 0);
    CHECK(in_child([] {
              barriers(2, 10);
              usleep(1000);
              std::exit(0);
          }) == 0);
}

void latencies() {
    using Clock = std::chrono::steady_clock;
    const auto nanoseconds = [](Clock::time_point from, int n) {
        return std::chrono::duration<double, std::nano>(Clock::now() - from).count() / n;
    };
    ThreadPoolLease lease(2);
    for (int repeat = 0; repeat < 5; ++repeat) {
        Barrier barrier(lease.workers());
        constexpr int kRounds = 100000;
        auto from = Clock::now();
        lease.run([&](int) {
            for (int i = 0; i < kRounds; ++i) barrier.wait();
        });
        const double meeting = nanoseconds(from, kRounds);
        constexpr int kRuns = 20000;
        from = Clock::now();
        for (int i = 0; i < kRuns; ++i) lease.run([](int) {});
        const double awake = nanoseconds(from, kRuns);
        double asleep = 0.0;
        for (int i = 0; i < 100; ++i) {
            usleep(500);
            from = Clock::now();
            lease.run([](int) {});
            asleep += nanoseconds(from, 100);
        }
        std::printf("barrier %.0f ns, run (awake) %.0f ns, run (asleep) %.0f ns\n", meeting, awake, asleep);
    }
}

}  // namespace

int main(int argc, char**) {
    if (argc > 1) {
        latencies();
        return 0;
    }
    leases();
    workers_have_a_default_environment();
    for (const int workers : {2, 3, 8}) barriers(workers, workers == 2 ? 20000 : 300);
    several_callers();
#if defined(__linux__)
    affinity();
    worker_leaves_its_callers_core();
#endif
#if !defined(__SANITIZE_THREAD__)  // it cannot follow threads into the child of a fork
    forks();
    exits();
#endif
    return report();
}
