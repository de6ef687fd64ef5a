// A device that records its operations and runs them later on the CPU, for tests: DEEPSEEK_DEVICE=recorded.
// DEEPSEEK_SHUFFLE=<seed> runs commands between two sync points in random order, and DEEPSEEK_CHECK_TOUCHES=<n>
// checks that every n-th command reads and writes what it says. DEEPSEEK_FORGET_WRITE=1 plants a fault that both must show.
#include <cstdlib>
#include <map>
#include <string_view>

#include "backend/command_recorder.h"

namespace ds::recorded {
namespace {

void wait() {
    CommandRecorder<float>::run_commands();
    CommandRecorder<double>::run_commands();
}

RecorderOptions options() {
    const char* const seed = std::getenv("DEEPSEEK_SHUFFLE");
    const auto number = [](const char* name) {
        const char* const value = std::getenv(name);
        return value != nullptr ? std::strtoull(value, nullptr, 10) : 0;
    };
    return {.shuffles = seed != nullptr && *seed != '\0',
            .seed = number("DEEPSEEK_SHUFFLE"),
            .checks_every = static_cast<Index>(number("DEEPSEEK_CHECK_TOUCHES")),
            .forgets_a_write = number("DEEPSEEK_FORGET_WRITE") > 0};
}

}  // namespace

bool is_chosen() {
    const char* const name = std::getenv("DEEPSEEK_DEVICE");
    return name != nullptr && std::string_view(name) == "recorded";
}

RecordedMemory& memory(Memory& host) {
    static RecordedMemory& recorded = *new RecordedMemory(host, wait);
    return recorded;
}

template <class T>
const Backend<T>& backend(const Backend<T>& cpu, const RecordedMemory& memory) {
    return *new CommandRecorder<T>(cpu, memory, options());
}
template const Backend<float>& backend(const Backend<float>&, const RecordedMemory&);
template const Backend<double>& backend(const Backend<double>&, const RecordedMemory&);

}  // namespace ds::recorded
