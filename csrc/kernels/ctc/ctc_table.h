// Connectionist temporal classification (Graves, Fernández, Gomez, Schmidhuber 2006): the loss of a
// sequence, -log p(labels | logits), summed over all alignments of labels and blanks (class 0) with its
// steps. It is computed in double and in logarithms, so it is finite for finite logits.
#pragma once
#include "core/view.h"

namespace ds {

struct CtcLabels {
    const Index* label = nullptr;
    Index count = 0;
};

// The losses of some rows of packed sequences: step t of row i is row offset[t] + i of the logits z. If the labels
// do not fit into the steps, loss and gradient are 0.
template <class T>
struct CtcArgs {
    Range rows;
    const Index* length = nullptr;  // by row
    const Index* offset = nullptr;  // by step
    Matrix<const T> z;
    Matrix<T> d;                   // unless null, the gradient with respect to z times `scale`
    const T* scale = nullptr;      // by row
    T* loss = nullptr;             // by row; or null
    double* exact_loss = nullptr;  // the same in double; or null
    // By row the sequence, and its labels: `count` ones from `first` on.
    const Index* sequence = nullptr;
    const Index* label = nullptr;
    const Index* first = nullptr;
    const Index* count = nullptr;
    double* scratchpad = nullptr;  // ctc_scratchpad_size() numbers

    CtcLabels labels(Index row) const { return {label + first[sequence[row]], count[sequence[row]]}; }
};

// Least number of steps for an alignment: one for each label, and one between equal neighbours.
inline Index ctc_steps(CtcLabels labels) {
    Index steps = labels.count;
    for (Index i = 1; i < labels.count; ++i) steps += labels.label[i] == labels.label[i - 1];
    return steps;
}

inline Index ctc_scratchpad_size(Index steps, Index classes, Index labels) {
    const Index size = 2 * labels + 1;
    return steps * (classes + size) + 2 * size + classes;
}

}  // namespace ds
