// What a recurrent stack is, as plain numbers: a Rec's body, and that of each of two adversaries on sequences.
#pragma once
#include <vector>

#include "core/random.h"
#include "kernels/cell_table.h"
#include "train/sequences.h"

namespace ds {

struct StackSpec {
    Cell cell = Cell::kGru;
    Index inputs = 0;      // features a step, behind the tokens' vectors if there are any
    Index vocabulary = 0;  // tokens are 0 … vocabulary - 1; 0: there are none
    Index embedding = 0;   // width of a token's vector; 0: a token picks a row of W_ih
    std::vector<Index> hidden;
    bool bidirectional = false;
    bool bias = true;
    double input_dropout = 0.0;
    double dropout = 0.0;  // behind each recurrent layer
    double recurrent_dropout = 0.0;
    bool layer_norm = false;  // in the cells
    Output output = Output::kLast;
    bool standard_init = true;
    Init init = Init::kGlorotUniform;  // unless standard

    bool tokens() const { return vocabulary > 0; }
    Index first_width() const { return !tokens() || embedding > 0 ? embedding + inputs : vocabulary; }
    Index top_width() const { return hidden.back() * (bidirectional ? 2 : 1); }
};

}  // namespace ds
