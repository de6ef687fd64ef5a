// The specification of a Rec: a recurrent stack, its output, and the dense layers of the head.
#pragma once
#include "rec/stack_spec.h"
#include "training/spec.h"

namespace ds {

struct RecSpec : ModelSpec, StackSpec {
    Index bptt_steps = 0;  // steps per piece of truncated back-propagation; 0: whole sequences
};

template <class Field>
void visit_options(Field& field, RecSpec& s) {
    visit_options(field, static_cast<StackSpec&>(s));
    field("input_size", s.input_size);
    field("input_dropout", s.input_dropout);
    field("vocabulary", s.vocabulary);
    field("embedding_size", s.embedding_size);
    field("output", s.output);
    field("bptt_steps", s.bptt_steps);
    s.loss.is_ctc = s.output == Output::kCtc;
    if (s.loss.is_ctc) s.loss.set_kind(find_loss("cross_entropy", "softmax"));
    visit_options(field, static_cast<ModelSpec&>(s));
}

// Throws ValueError for the first value that cannot be, which the message names.
void check(const RecSpec& spec);

}  // namespace ds
