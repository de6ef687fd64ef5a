// Connectionist temporal classification (Graves, Fernández, Gomez, Schmidhuber 2006): the loss of one
// sequence, -log p(labels | logits), summed over all alignments of labels and blanks (class 0) with its
// steps. It is computed in double and in logarithms, so it is finite for finite logits.
#pragma once
#include "layers/recurrent/sequence_layout.h"

namespace ds {

struct CtcLabels {
    const Index* label = nullptr;
    Index count = 0;
};

// Least number of steps for an alignment: one for each label, and one between equal neighbours.
Index ctc_steps(CtcLabels labels);
// Doubles in the scratchpad of ctc().
Index ctc_scratchpad_size(Index steps, Index classes, Index labels);

// The loss of row `row` of the packed logits z. Unless d is null, it receives scale times the gradient with
// respect to the logits. If the labels do not fit into the steps, loss and gradient are 0.
template <class T>
double ctc(const SequenceLayout& layout, Index row, Matrix<const T> z, Index classes, CtcLabels labels,
           Matrix<T> d, double scale, double* scratchpad);

}  // namespace ds
