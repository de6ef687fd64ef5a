// core/: sizes, memory, floating-point environment, Philox, scalar functions, initialisation, shuffling, the
// processor. The thread pool has its own program.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <vector>

#include "check.h"
#include "core/cpu.h"
#include "core/fpenv.h"
#include "core/memory/arena_planner.h"
#include "core/memory/block_cache.h"
#include "core/random/init.h"
#include "core/scalar_math.h"
#include "core/threads/thread_pool.h"

// Some tests request more memory than there is.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

using namespace ds;

namespace {

void sizes() {
    constexpr Index kBig = Index(1) << 62;
    CHECK(checked_mul(3, 5) == 15);
    CHECK(checked_add(3, 5) == 8);
    CHECK_THROWS(ValueError, checked_mul(kBig, 2));
    CHECK_THROWS(ValueError, checked_mul(-1, 2));
    CHECK_THROWS(ValueError, checked_add(kBig, kBig));
    const char* const names[] = {"one", "two"};
    enum class E { kOne, kTwo };
    CHECK(parse_name<E>("thing", "two", names) == E::kTwo);
    CHECK_THROWS(ValueError, parse_name<E>("thing", "three", names));
}

void memory() {
    for (const Index cols : {1, 7, 8, 15, 16, 17, 63, 64, 100, 512, 1000, 1024, 2048, 4096}) {
        const Index f = leading_dim<float>(cols), d = leading_dim<double>(cols);
        CHECK(f >= cols && f <= cols + 31 && d >= cols && d <= cols + 15);
        CHECK(cols < 16 ? f == cols : f % 16 == 0 && f * 4 % 4096 != 0);
        CHECK(cols < 8 ? d == cols : d % 8 == 0 && d * 8 % 4096 != 0);
    }
    double* a = nullptr;
    char* b = nullptr;
    float* c = nullptr;
    const auto allocate = [&](ArenaPlanner& planner) {
        a = planner.allocate<double>(3, 5);
        b = planner.allocate<char>(1, 1);
        c = planner.allocate<float>(0, 9);
    };
    ArenaPlanner measure;
    allocate(measure);
    CHECK(a == nullptr && measure.bytes() == 192 && measure.elements<float>() == 48);
    CHECK(planned_size<float>(allocate) == 48);
    const Buffer<float> memory = allocate_planned<float>(host_memory(), allocate);
    CHECK(static_cast<const void*>(a) == memory.data() && b == reinterpret_cast<char*>(a) + 128 &&
          c != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0);
    ArenaPlanner full(a, 192);
    allocate(full);
    CHECK_THROWS(std::logic_error, full.allocate<float>(1, 1));
    CHECK_THROWS(ValueError, measure.allocate<float>(Index(1) << 40, Index(1) << 40));
    CHECK_THROWS(ValueError, HostArray<double>(Index(1) << 61));
    CHECK_THROWS(std::bad_alloc, HostArray<double>(Index(1) << 58));
    Buffer<int> first(host_memory(), 10);
    Buffer<int> second(std::move(first));
    CHECK(second.size() == 10 && Buffer<int>(host_memory(), 0).data() == nullptr);
    HostArray<double> large(Index(1) << 20);
    large[(1 << 20) - 1] = 1.0;
    CHECK(large.size() == 1 << 20);
}

void block_cache() {
    const auto block = [](Index bytes) {
        void* memory = nullptr;
        CHECK(posix_memalign(&memory, 1 << 16, static_cast<std::size_t>(bytes)) == 0);
        std::memset(memory, 1, static_cast<std::size_t>(bytes));
        return memory;
    };
    constexpr Index kBytes = (Index(2) << 20) + 100;
    BlockCache cache;
    CHECK(cache.take(kBytes) == nullptr && !cache.clear());
    void* first = block(kBytes);
    if (!cache.put(first, kBytes)) return std::free(first);  // this system has no cache
    CHECK(cache.take(kBytes - 1) == nullptr && cache.take(kBytes) == first && cache.take(kBytes) == nullptr);
    static_cast<char*>(first)[kBytes - 1] = 2;
    CHECK(cache.put(first, kBytes));
    // A full cache frees its oldest block; of one size it returns the latest; clear() frees all.
    for (int i = 1; i < BlockCache::kMaxBlocks; ++i) CHECK(cache.put(block(2 * kBytes), 2 * kBytes));
    void* last = block(3 * kBytes);
    CHECK(cache.put(last, 3 * kBytes) && cache.take(kBytes) == nullptr && cache.take(3 * kBytes) == last);
    CHECK(cache.put(last, 3 * kBytes) && cache.clear() && cache.take(3 * kBytes) == nullptr);
    void* most = block(4096);
    CHECK(!cache.put(most, BlockCache::kMaxBytes + 1));
    std::free(most);
    void* const again[] = {block(kBytes), block(kBytes)};
    CHECK(cache.put(again[0], kBytes) && cache.put(again[1], kBytes));
    CHECK(cache.take(kBytes) == again[1] && cache.take(kBytes) == again[0]);
    std::free(again[0]);
    std::free(again[1]);
}

void float_environment() {
#if defined(__x86_64__)
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040u);  // flush to zero, denormals are zero
    volatile float tiny = 1e-40f;
    {
        const DefaultFpEnv environment;
        volatile float kept = tiny * 0.5f;
        CHECK(kept != 0.0f);
    }
    CHECK(_mm_getcsr() == (before | 0x8040u));
    _mm_setcsr(before);
#endif
}

// Random123's known answers (kat_vectors, philox4x32 10).
static_assert(philox4x32(0, {{0, 0, 0, 0}}).word[0] == 0x6627e8d5u);
void philox() {
    struct Known {
        std::uint64_t key;
        PhiloxBlock counter, words;
    };
    const Known known[] = {
        {0, {{0, 0, 0, 0}}, {{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}}},
        {~std::uint64_t{0}, {{~0u, ~0u, ~0u, ~0u}}, {{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}}},
        {0x299f31d0a4093822u,
         {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}},
         {{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}}},
    };
    for (const Known& k : known) {
        const PhiloxBlock words = philox4x32(k.key, k.counter);
        CHECK(same_bytes(&words, &k.words, sizeof words));
    }
    static_assert(stream_word(RngPurpose::kDropout, 3) == 0x302u);
    static_assert(keep_threshold(0.5) == 0x80000000u && keep_threshold(0.0) == 0xffffffffu);
}

double ulps(double got, long double want) {
    if (got == static_cast<double>(want)) return 0.0;
    int exponent;
    std::frexp(static_cast<double>(want), &exponent);
    const long double unit = std::ldexp(1.0L, std::max(exponent, -1021) - 53);
    return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / unit);
}

void scalar_functions() {
    double worst[4] = {};
    const auto note = [&](int i, double got, long double want) {
        worst[i] = std::max(worst[i], ulps(got, want));
    };
    RandomWords words(7, RngPurpose::kInit, 9, 0);
    const auto uniform = [&] { return (words.next() + 0.5 * (words.next() & 1)) * 0x1p-32; };
    for (int i = 0; i < 200000; ++i) {
        const double e = -750.0 + 1465.0 * uniform();
        if (e < 709.7) note(0, scalar_math::exp(e), std::exp(static_cast<long double>(e)));
        const double small = 2.0 * uniform() - 1.0;
        note(0, scalar_math::exp(small), std::exp(static_cast<long double>(small)));
        const double x = std::ldexp(0.5 + uniform(), static_cast<int>(words.next() % 2100) - 1060);
        if (x > 0.0) note(1, scalar_math::log(x), std::log(static_cast<long double>(x)));
        const double near_one = 0.5 + uniform();
        note(1, scalar_math::log(near_one), std::log(static_cast<long double>(near_one)));
        const double angle = (2.0 * uniform() - 1.0) * (i % 2 ? 7.0 : 1e5);
        note(2, scalar_math::cos(angle), std::cos(static_cast<long double>(angle)));
        double s, c;
        const double turns = uniform();
        scalar_math::sincos_turns(turns, s, c);
        const long double full = 6.283185307179586476925286766559L;
        if (std::fabs(s) > 1e-3) note(3, s, std::sin(full * turns));
        if (std::fabs(c) > 1e-3) note(3, c, std::cos(full * turns));
    }
    std::printf("worst ulp: exp %.3f log %.3f cos %.3f turns %.3f\n", worst[0], worst[1], worst[2], worst[3]);
    CHECK(worst[0] < 1.0 && worst[1] < 1.0 && worst[2] < 1.0 && worst[3] < 2.5);
    const double inf = HUGE_VAL;
    CHECK(scalar_math::exp(-inf) == 0 && scalar_math::exp(inf) == inf && scalar_math::exp(0.0) == 1.0 &&
          scalar_math::exp(710) == inf);
    CHECK(scalar_math::log(0.0) == -inf && scalar_math::log(1.0) == 0.0 && scalar_math::log(inf) == inf &&
          std::isnan(scalar_math::log(-1)));
    CHECK(scalar_math::cos(0.0) == 1.0 && scalar_math::cos(3.14159265358979323846) == -1.0 &&
          std::isnan(scalar_math::cos(inf)));
}

void shuffling() {
    for (const Index n : {0, 1, 2, 3, 10, 1000}) {
        std::vector<Index> items(static_cast<std::size_t>(n));
        std::iota(items.begin(), items.end(), Index(0));
        auto again = items, other = items;
        const auto sorted = items;
        shuffle(items.data(), n, 5, 0);
        shuffle(again.data(), n, 5, 0);
        shuffle(other.data(), n, 5, 1);
        CHECK(items == again && (n < 1000 || items != other));
        std::sort(items.begin(), items.end());
        CHECK(items == sorted);
    }
    // The 24 orders of four items are about equally frequent.
    std::vector<int> seen(256);
    for (std::uint32_t epoch = 0; epoch < 24000; ++epoch) {
        Index items[] = {0, 1, 2, 3};
        shuffle(items, 4, 11, epoch);
        ++seen[static_cast<std::size_t>(items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3])];
    }
    int orders = 0;
    for (const int count : seen) {
        orders += count > 0;
        CHECK(count == 0 || (count > 850 && count < 1150));
    }
    CHECK(orders == 24);
    RandomWords words(1, RngPurpose::kShuffle, 0, 0);
    for (const std::uint64_t bound :
         {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{1} << 32, std::uint64_t{5} << 40})
        for (int i = 0; i < 1000; ++i) CHECK(words.below(bound) < bound);
}

struct Moments {
    double mean, variance, least, most;
};
template <class T>
Moments moments(const std::vector<T>& w) {
    const double n = static_cast<double>(w.size());
    const double mean = std::accumulate(w.begin(), w.end(), 0.0) / n;
    double squares = 0.0;
    for (const T x : w) squares += (x - mean) * (x - mean);
    return {mean, squares / n, *std::min_element(w.begin(), w.end()), *std::max_element(w.begin(), w.end())};
}

void initialisation() {
    constexpr Index kIn = 300, kOut = 200;
    const double variance[] = {2.0 / 500, 2.0 / 500, 2.0 / 300, 2.0 / 300, 1.0 / 300,
                               1.0 / 300, 1.0 / 300, 1.0,       0.0};
    for (int i = 0; i < 9; ++i) {
        std::vector<double> w(kIn * kOut), again(kIn * kOut);
        std::vector<float> narrow(kIn * kOut);
        init_weights(w.data(), kIn, kOut, static_cast<Init>(i), 1.5, 42, 1);
        init_weights(narrow.data(), kIn, kOut, static_cast<Init>(i), 1.5, 42, 1);
        init_weights(again.data(), kIn, kOut, static_cast<Init>(i), 1.5, 42, 2);
        const Moments m = moments(w);
        const double want = 2.25 * variance[i];
        CHECK(std::fabs(m.mean) <= 0.01 * std::sqrt(want) + 1e-300 &&
              std::fabs(m.variance - want) <= 0.02 * want);
        CHECK(w != again || i == 8);
        bool equal = true;
        for (std::size_t e = 0; e < w.size(); ++e) equal &= narrow[e] == static_cast<float>(w[e]);
        CHECK(equal);
        if (i % 2 == 0 && i < 6) CHECK(m.most < std::sqrt(3.0 * want) && m.least >= -std::sqrt(3.0 * want));
    }
    // A larger layer with the same fan-in begins with the rows of a smaller one.
    std::vector<double> few(3 * 5), many(4 * 5);
    init_weights(few.data(), 5, 3, Init::kHeNormal, 1.0, 9, 0);
    init_weights(many.data(), 5, 4, Init::kHeNormal, 1.0, 9, 0);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
}

void orthogonal() {
    for (const auto& [in, out] :
         {std::pair<Index, Index>{1, 1}, {7, 7}, {40, 23}, {23, 40}, {1, 9}, {70, 70}}) {
        std::vector<double> w(static_cast<std::size_t>(in * out));
        init_weights(w.data(), in, out, Init::kOrthogonal, 2.0, 3, 0);
        const Index m = std::min(in, out), n = std::max(in, out);
        double worst = 0.0;
        for (Index a = 0; a < m; ++a)
            for (Index b = 0; b < m; ++b) {
                double dot = 0.0;
                for (Index i = 0; i < n; ++i)
                    dot += in <= out ? w[static_cast<std::size_t>(i * in + a)] *
                                           w[static_cast<std::size_t>(i * in + b)]
                                     : w[static_cast<std::size_t>(a * in + i)] *
                                           w[static_cast<std::size_t>(b * in + i)];
                worst = std::max(worst, std::fabs(dot - (a == b ? 4.0 : 0.0)));
            }
        CHECK(worst < 1e-13);
    }
}

void processor() {
    const CpuInfo& info = cpu_info();
    std::printf("%s | %s | L1d %lld L2 %lld L3 %lld | %d cores | avx2 %d avx512 %d\n", info.vendor.c_str(),
                info.brand.c_str(), static_cast<long long>(info.l1d), static_cast<long long>(info.l2),
                static_cast<long long>(info.l3), info.cores, info.avx2, info.avx512);
    CHECK(info.l1d >= 4096 && info.l2 >= info.l1d && info.cores >= 1 && !info.vendor.empty());
    CHECK(!info.avx512 || info.avx2);
    setenv("OMP_NUM_THREADS", "1,2", 1);
    CHECK(default_num_threads() == 1);
    setenv("OMP_NUM_THREADS", "many", 1);
    CHECK(default_num_threads() == usable_cores());
    setenv("DEEPSEEK_NUM_THREADS", " 1 ", 1);
    CHECK(default_num_threads() == 1);
    for (const char* bad : {"0", "-1", "two", "2x", "1,2", "99999999999999999999x"}) {
        setenv("DEEPSEEK_NUM_THREADS", bad, 1);
        CHECK_THROWS(ValueError, default_num_threads());
    }
    unsetenv("DEEPSEEK_NUM_THREADS");
    unsetenv("OMP_NUM_THREADS");
    CHECK_THROWS(ValueError, set_num_threads(0));
    CHECK_THROWS(ValueError, set_num_threads(kMaxWorkers + 1));
    CHECK(get_num_threads() == default_num_threads());
    set_num_threads(3);
    CHECK(get_num_threads() == 3);
}

}  // namespace

int main() {
    sizes();
    memory();
    block_cache();
    float_environment();
    philox();
    scalar_functions();
    shuffling();
    initialisation();
    orthogonal();
    processor();
    return report();
}
