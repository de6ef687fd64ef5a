// Connectionist temporal classification (Graves, Fernández, Gomez, Schmidhuber 2006): the loss of one sequence,
// -log p(labels | logits), over all ways to spread the labels and blanks (class 0) over its steps. In logarithms and
// in double, so finite for any finite logits. Not here: decoding.
#pragma once
#include "layers/sequence.h"

namespace ds {

struct CtcLabels {
    const Index* label = nullptr;
    Index count = 0;
};

// Steps that an alignment needs: one a label, and one between two equal neighbours.
Index ctc_steps(CtcLabels labels);
// Doubles of room that ctc() takes.
Index ctc_room(Index steps, Index classes, Index labels);

// Row `row` of the packed logits z. d, unless null, gets scale times the gradient by the logits. Labels that do not
// fit into the steps cost 0 and have no gradient.
template <class T>
double ctc(const SequenceLayout& layout, Index row, Matrix<const T> z, Index classes, CtcLabels labels,
           Matrix<T> d, double scale, double* room);

}  // namespace ds
