// What a Rec is, as plain numbers: a recurrent stack, what is read from it, and a Net's layers on top.
#pragma once
#include "kernels/cell_table.h"
#include "train/sequences.h"
#include "train/spec.h"

namespace ds {

struct RecSpec : ModelSpec {
    Cell cell = Cell::kGru;
    Index inputs = 0;      // features a step; 0: tokens
    Index vocabulary = 0;  // tokens are 0 … vocabulary - 1
    Index embedding = 0;   // width of a token's vector; 0: a token picks a row of W_ih
    std::vector<Index> hidden;
    bool bidirectional = false;
    bool bias = true;
    double input_dropout = 0.0;
    double dropout = 0.0;  // behind each recurrent layer
    double recurrent_dropout = 0.0;
    bool layer_norm = false;  // in the cells
    Output output = Output::kLast;
    Index bptt = 0;  // steps a piece of truncated back-propagation; 0: whole sequences
    bool standard_init = true;
    Init init = Init::kGlorotUniform;  // unless standard

    bool tokens() const { return vocabulary > 0; }
    Index first_width() const { return !tokens() ? inputs : embedding > 0 ? embedding : vocabulary; }
    Index top_width() const { return hidden.back() * (bidirectional ? 2 : 1); }
};

// Throws ValueError naming the first value that cannot be.
void check(const RecSpec& spec);

}  // namespace ds
