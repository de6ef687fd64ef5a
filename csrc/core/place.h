// Where a thread runs, and how it keeps off another's core. A virtual machine's kernel takes an idle core for one
// that is not there (its processor has halted), so it wakes a worker on the core of the caller that called it; the two
// then take turns on one core, each sleeping too soon for the kernel to see that both want to run.
#pragma once

namespace ds {

int current_core();    // -1 where the system does not say
int current_thread();  // the system's number of it; 0 where it has none

// Moves the calling thread off `core`, to wherever else thread `like` may run, and keeps it off. False if that is
// nowhere, or the system knows no way.
bool leave_core(int core, int like);

}  // namespace ds
