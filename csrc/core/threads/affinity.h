// The core a thread runs on, and how a worker keeps off its caller's core. In a virtual machine the kernel
// may take an idle core for an absent one (its processor has halted) and wake a worker on the core of its
// caller. The two then take turns on one core, each sleeping before the kernel sees that both want to run.
#pragma once

namespace ds {

int current_core();    // -1 if the system does not say
int current_thread();  // the system's number of the thread; 0 if it has none

// Forbids the calling thread the core `core`; it keeps the other cores that thread `like` may use. False if
// there is no other core, or if the system cannot do it.
bool move_off_core(int core, int like);

}  // namespace ds
