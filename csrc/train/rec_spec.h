// What a Rec is, as plain numbers: a recurrent stack, what is read from it, and a Net's layers on top.
#pragma once
#include "train/spec.h"
#include "train/stack_spec.h"

namespace ds {

struct RecSpec : ModelSpec, StackSpec {
    Index bptt = 0;  // steps a piece of truncated back-propagation; 0: whole sequences
};

// Throws ValueError naming the first value that cannot be.
void check(const RecSpec& spec);

}  // namespace ds
