// The memory of a device through the plug-in's interface: device_memory PLUGIN CASE. The exit code is the number of
// facts that do not hold.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "backend/plugin.h"

namespace {

using ds::Buffer;
using ds::DeviceMemory;
using ds::Index;

int failures = 0;

void expect(bool holds, const char* fact, int line) {
    if (holds) return;
    std::fprintf(stderr, "device_memory.cpp:%d: %s\n", line, fact);
    ++failures;
}
#define EXPECT(fact) expect(fact, #fact, __LINE__)

// Whether the call throws a PluginError whose text contains these words.
template <class Call>
bool refuses(Call call, const char* words) {
    try {
        call();
    } catch (const ds::PluginError& error) {
        if (std::strstr(error.what(), words)) return true;
        std::fprintf(stderr, "got: %s\n", error.what());
    }
    return false;
}

std::vector<unsigned char> numbers(Index n, unsigned seed) {
    std::vector<unsigned char> all(static_cast<std::size_t>(n));
    for (auto& value : all) value = static_cast<unsigned char>((seed = seed * 1664525 + 1013904223) >> 24);
    return all;
}

std::vector<unsigned char> read(DeviceMemory& memory, const Buffer<unsigned char>& buffer) {
    std::vector<unsigned char> all(static_cast<std::size_t>(buffer.size()));
    memory.to_host(all.data(), buffer.data(), buffer.size());
    return all;
}

constexpr Index kPiece = Index{8} << 20;  // of pinned memory

void copies() {
    DeviceMemory& memory = ds::device_memory(1);
    for (const Index n : {Index{1}, Index{63}, kPiece - 1, kPiece, kPiece + 1, 5 * kPiece + 3}) {
        Buffer<unsigned char> a(memory, n), b(memory, n);
        const auto first = numbers(n, 1);
        {
            auto given = first;  // the caller may change what it has passed as soon as the call returns
            memory.from_host(a.data(), given.data(), n);
            std::fill(given.begin(), given.end(), 0);
        }
        memory.fill_zero(b.data(), n);
        EXPECT(read(memory, a) == first);
        EXPECT(read(memory, b) == std::vector<unsigned char>(static_cast<std::size_t>(n)));
        memory.copy(b.data(), a.data(), n);
        const auto second = numbers(n, 2);
        memory.from_host(a.data(), second.data(), n);
        EXPECT(read(memory, b) == first);
        EXPECT(read(memory, a) == second);
    }
    // Many transfers that nobody waits for.
    Buffer<unsigned char> a(memory, 300);
    for (unsigned i = 0; i < 100; ++i) {
        const auto piece = numbers(3, i);
        memory.from_host(a.data() + 3 * i, piece.data(), 3);
    }
    memory.wait();
    const auto all = read(memory, a);
    for (unsigned i = 0; i < 100; ++i) EXPECT(std::memcmp(&all[3 * i], numbers(3, i).data(), 3) == 0);
    EXPECT(memory.allocate(0) == nullptr);
    memory.fill_zero(static_cast<float*>(nullptr), 0);
}

void threads() {
    DeviceMemory& memory = ds::device_memory(0);
    std::vector<std::thread> all;
    std::vector<int> wrong(4);
    for (unsigned t = 0; t < 4; ++t)
        all.emplace_back([&, t] {
            for (unsigned i = 0; i < 20; ++i) {
                Buffer<unsigned char> buffer(memory, 1000 + 1000 * t);
                const auto given = numbers(buffer.size(), 100 * t + i);
                memory.from_host(buffer.data(), given.data(), buffer.size());
                wrong[t] += read(memory, buffer) != given;
            }
        });
    for (auto& thread : all) thread.join();
    EXPECT(wrong == std::vector<int>(4));
}

// Each allocation in turn fails; nothing is lost, and the next attempt succeeds.
void allocations() {
    const auto fails = [](int n) {
        setenv("DEEPSEEK_EMULATED_GPU", ("allocation=" + std::to_string(n)).c_str(), 1);
    };
    int refused = 0;
    for (int n = 1; n <= 2; ++n) {  // the pinned pieces
        fails(n);
        try {
            ds::device_memory(0);
        } catch (const std::bad_alloc&) {
            ++refused;
        }
    }
    unsetenv("DEEPSEEK_EMULATED_GPU");
    DeviceMemory& memory = ds::device_memory(0);
    for (int n = 1; n <= 3; ++n) {
        fails(n);
        try {
            const Buffer<float> a(memory, 10), b(memory, 20), c(memory, 30);
        } catch (const std::bad_alloc&) {
            ++refused;
        }
    }
    EXPECT(refused == 5);
    unsetenv("DEEPSEEK_EMULATED_GPU");
    try {
        const Buffer<double> huge(memory, Index{1} << 40);
        EXPECT(false);
    } catch (const std::bad_alloc&) {
    }
    Buffer<unsigned char> a(memory, 100);
    const auto given = numbers(100, 3);
    memory.from_host(a.data(), given.data(), 100);
    EXPECT(read(memory, a) == given);
}

void fork_child() {
    DeviceMemory& memory = ds::device_memory(0);
    Buffer<float> a(memory, 10);
    memory.fill_zero(a.data(), 10);
    const pid_t child = fork();
    if (child == 0) {
        float host[10];
        EXPECT(refuses([&] { memory.fill_zero(a.data(), 10); }, "before fork"));
        EXPECT(refuses([&] { memory.to_host(host, a.data(), 10); }, "before fork"));
        EXPECT(refuses([&] { memory.wait(); }, "spawn"));
        EXPECT(refuses([&] { const Buffer<float> b(memory, 10); }, "before fork"));
        EXPECT(refuses([] { ds::device_memory(1); }, "before fork"));
        EXPECT(refuses([] { ds::plugin_devices(); }, "before fork"));
        a = Buffer<float>();  // does nothing to the parent's memory
        _exit(failures);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    float host[10] = {1};
    memory.to_host(host, a.data(), 10);
    EXPECT(host[0] == 0);
}

// The fourth operation makes the device fail for good.
void lost() {
    setenv("DEEPSEEK_EMULATED_GPU", "lost=4", 1);
    DeviceMemory& memory = ds::device_memory(0);
    Buffer<float> a(memory, 10);
    for (int i = 0; i < 3; ++i) memory.fill_zero(a.data(), 10);
    const char* words = "cuda:0 is lost; start a new process (fill: cudaErrorIllegalAddress (700)";
    EXPECT(refuses([&] { memory.fill_zero(a.data(), 10); }, words));
    EXPECT(refuses([&] { memory.wait(); }, words));
    EXPECT(refuses([&] { const Buffer<float> b(memory, 10); }, words));
    float host[10];
    EXPECT(refuses([&] { memory.to_host(host, a.data(), 10); }, words));
}

void code() {
    setenv("DEEPSEEK_EMULATED_GPU", "code=0", 1);
    EXPECT(refuses([] { ds::device_memory(0); }, "holds no code for cuda:0"));
    unsetenv("DEEPSEEK_EMULATED_GPU");
    EXPECT(refuses([] { ds::device_memory(2); }, "no CUDA device"));
    ds::device_memory(0).wait();
}

}  // namespace

int main(int count, char** arguments) {
    const std::map<std::string, void (*)()> cases = {{"copies", copies},   {"threads", threads},
                                                     {"fork", fork_child}, {"allocations", allocations},
                                                     {"lost", lost},       {"code", code}};
    if (count != 3 || !cases.contains(arguments[2])) return 100;
    ds::load_plugin(arguments[1]);
    EXPECT(!ds::plugin_devices().empty());
    cases.at(arguments[2])();
    return failures;
}
