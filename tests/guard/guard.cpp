// Memory that host code cannot touch, as if it were a device's. Its pages are inaccessible except within operations
// of the backend. A touch by host code is written to the file that DEEPSEEK_GUARD names, as
// addresses of the module: the instruction and its callers. Then the instruction runs alone, and the page is closed
// again. For one thread on x86-64 Linux. Without DEEPSEEK_GUARD this is the host's memory.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <set>
#include <vector>

#include "core/memory/memory.h"

namespace ds::guard {
namespace {

using Address = std::uintptr_t;

constexpr std::size_t kPage = 4096, kRegion = std::size_t(64) << 30;
constexpr greg_t kTrapFlag = 0x100;  // the processor traps after one instruction
constexpr int kCallers = 8;          // recorded of a touch

char* region = nullptr;
std::size_t used = 0;          // bytes of the region that were allocated once
int log_file = -1;             // -1: memory stays open
int depth = 0;                 // operations that run
std::vector<char*> unlocked;   // pages open for one instruction
Address text_begin, text_end;  // code of this module
Address load_base;

void protect(int mode) {
    if (log_file >= 0 && used > 0) mprotect(region, used, mode);
}
void open() {
    if (depth++ == 0) protect(PROT_READ | PROT_WRITE);
}
void close() {
    if (--depth == 0) protect(PROT_NONE);
}
struct Opened {
    Opened() { open(); }
    ~Opened() { close(); }
};

bool in_text(Address at) { return at >= text_begin && at < text_end; }

// The instruction, or the call of a library's function that contains it, and the callers by their frame pointers.
void record(const gregset_t& registers) {
    std::vector<Address> trace;
    auto ip = static_cast<Address>(registers[REG_RIP]);
    const auto* stack = reinterpret_cast<const Address*>(registers[REG_RSP]);
    for (int i = 0; !in_text(ip) && i < 64; ++i) ip = stack[i] - 1;
    trace.push_back(ip - load_base);
    const auto* frame = reinterpret_cast<const Address*>(registers[REG_RBP]);
    while (static_cast<int>(trace.size()) <= kCallers && frame > stack && in_text(frame[1])) {
        trace.push_back(frame[1] - 1 - load_base);
        frame = reinterpret_cast<const Address*>(frame[0]);
    }
    static std::set<std::vector<Address>> known;
    if (!known.insert(trace).second) return;
    for (const Address at : trace) dprintf(log_file, "%#lx ", static_cast<unsigned long>(at));
    dprintf(log_file, "\n");
}

void on_fault(int, siginfo_t* info, void* context) {
    gregset_t& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    auto* at = static_cast<char*>(info->si_addr);
    if (at < region || at >= region + used) {
        std::signal(SIGSEGV, SIG_DFL);  // another error
        return;
    }
    if (unlocked.empty()) record(registers);
    unlocked.push_back(region + static_cast<std::size_t>(at - region) / kPage * kPage);
    mprotect(unlocked.back(), kPage, PROT_READ | PROT_WRITE);
    registers[REG_EFL] |= kTrapFlag;
}

void on_trap(int, siginfo_t*, void* context) {
    for (char* page : unlocked) mprotect(page, kPage, PROT_NONE);
    unlocked.clear();
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
}

int find_text(dl_phdr_info* info, std::size_t, void*) {
    const auto here = reinterpret_cast<Address>(&find_text);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& header = info->dlpi_phdr[i];
        const Address begin = info->dlpi_addr + header.p_vaddr, end = begin + header.p_memsz;
        if (header.p_type != PT_LOAD || !(header.p_flags & PF_X) || here < begin || here >= end) continue;
        text_begin = begin, text_end = end, load_base = info->dlpi_addr;
        return 1;
    }
    return 0;
}

class GuardedMemory final : public HostMemory {
public:
    GuardedMemory() {
        void* memory = mmap(nullptr, kRegion, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        region = static_cast<char*>(memory);
        dl_iterate_phdr(find_text, nullptr);
        const char* name = std::getenv("DEEPSEEK_GUARD");
        if (!name) return;
        struct sigaction action{};
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        action.sa_sigaction = on_fault;
        sigaction(SIGSEGV, &action, nullptr);
        action.sa_sigaction = on_trap;
        sigaction(SIGTRAP, &action, nullptr);
        log_file = ::open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
        *static_cast<volatile char*>(allocate(1)) = 0;  // the test looks for this touch
    }
    bool is_host() const override { return false; }
    void* allocate(Index bytes) override {
        if (bytes == 0) return nullptr;
        if (bytes > static_cast<Index>(kRegion - used)) throw std::bad_alloc();
        std::vector<char*>& same_size = freed_[pages(bytes)];
        char* memory = region + used;
        if (same_size.empty()) {
            used += pages(bytes);
        } else {
            memory = same_size.back();
            same_size.pop_back();
        }
        mprotect(memory, pages(bytes), log_file >= 0 && depth == 0 ? PROT_NONE : PROT_READ | PROT_WRITE);
        return memory;
    }
    void free(void* memory, Index bytes) noexcept override {
        if (memory) freed_[pages(bytes)].push_back(static_cast<char*>(memory));
    }

protected:
    void fill_bytes(void* to, int byte, Index bytes) override {
        const Opened opened;
        HostMemory::fill_bytes(to, byte, bytes);
    }
    void copy_bytes(void* to, const void* from, Index bytes) override {
        const Opened opened;
        HostMemory::copy_bytes(to, from, bytes);
    }

private:
    static std::size_t pages(Index bytes) {
        return (static_cast<std::size_t>(bytes) + kPage - 1) / kPage * kPage;
    }
    std::map<std::size_t, std::vector<char*>> freed_;  // by size
};

}  // namespace

Memory& memory() {
    static Memory& guarded = *new GuardedMemory;
    return guarded;
}

extern "C" {
void* ds_guard_returns[256];  // where the functions that run return to
long ds_guard_top = 0;
void ds_guard_open() { open(); }
void ds_guard_close() { close(); }
void ds_guard_enter();
}

// A thunk jumps here with the function in r11. It is called with memory open and the return address replaced;
// arguments and result (rax, rdx, xmm0, xmm1) stay as they are.
asm(R"(
.text
.globl ds_guard_enter
.hidden ds_guard_enter
ds_guard_enter:
    pushq %r11
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    subq $144, %rsp
    movups %xmm0, 0(%rsp)
    movups %xmm1, 16(%rsp)
    movups %xmm2, 32(%rsp)
    movups %xmm3, 48(%rsp)
    movups %xmm4, 64(%rsp)
    movups %xmm5, 80(%rsp)
    movups %xmm6, 96(%rsp)
    movups %xmm7, 112(%rsp)
    call ds_guard_open
    movups 0(%rsp), %xmm0
    movups 16(%rsp), %xmm1
    movups 32(%rsp), %xmm2
    movups 48(%rsp), %xmm3
    movups 64(%rsp), %xmm4
    movups 80(%rsp), %xmm5
    movups 96(%rsp), %xmm6
    movups 112(%rsp), %xmm7
    addq $144, %rsp
    popq %r9
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    movq ds_guard_top(%rip), %rax
    leaq ds_guard_returns(%rip), %r11
    movq 8(%rsp), %r10
    movq %r10, (%r11,%rax,8)
    incq %rax
    movq %rax, ds_guard_top(%rip)
    leaq ds_guard_leave(%rip), %r10
    movq %r10, 8(%rsp)
    popq %r11
    jmp *%r11
ds_guard_leave:
    subq $64, %rsp
    movq %rax, 0(%rsp)
    movq %rdx, 8(%rsp)
    movups %xmm0, 16(%rsp)
    movups %xmm1, 32(%rsp)
    call ds_guard_close
    movq ds_guard_top(%rip), %rcx
    decq %rcx
    movq %rcx, ds_guard_top(%rip)
    leaq ds_guard_returns(%rip), %rax
    movq (%rax,%rcx,8), %r11
    movq 0(%rsp), %rax
    movq 8(%rsp), %rdx
    movups 16(%rsp), %xmm0
    movups 32(%rsp), %xmm1
    addq $64, %rsp
    jmp *%r11
)");

namespace {

// Code that calls `function` with memory open.
Address thunk(Address function) {
    constexpr std::size_t kBytes = 32, kCode = 1 << 20;
    static auto* code = static_cast<unsigned char*>(
        mmap(nullptr, kCode, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const auto enter = reinterpret_cast<Address>(&ds_guard_enter);
    unsigned char* p = std::exchange(code, code + kBytes);
    std::memcpy(p, "\x49\xbb", 2);  // movabs function, %r11
    std::memcpy(p + 2, &function, 8);
    std::memcpy(p + 10, "\x49\xba", 2);  // movabs enter, %r10
    std::memcpy(p + 12, &enter, 8);
    std::memcpy(p + 20, "\x41\xff\xe2", 3);  // jmp *%r10
    return reinterpret_cast<Address>(p);
}

}  // namespace

// Gives the object virtual functions that open the memory.
void operations(void* object) {
    memory();                              // finds the code of this module
    if (log_file < 0) return;              // threads may run
    constexpr std::ptrdiff_t kBefore = 2;  // words of a virtual table before its functions
    auto*& table = *static_cast<const Address**>(object);
    std::ptrdiff_t count = 0;
    while (in_text(table[count])) ++count;
    auto* words = new Address[static_cast<std::size_t>(kBefore + count)];
    for (std::ptrdiff_t i = -kBefore; i < count; ++i) words[kBefore + i] = i < 0 ? table[i] : thunk(table[i]);
    table = words + kBefore;
}

}  // namespace ds::guard
