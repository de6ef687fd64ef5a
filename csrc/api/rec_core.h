// Rec behind an interface without templates.
#pragma once
#include <memory>

#include "api/model_core.h"
#include "rec/spec.h"

namespace ds {

// The caller's arrays in the core's precision: a SequenceSet without its type.
struct RawSequences {
    const void* values = nullptr;
    const Index* tokens = nullptr;
    const Index* start = nullptr;
    const Index* length = nullptr;
    Index count = 0;
    const void* target = nullptr;
    const Index* label = nullptr;
    const Index* first = nullptr;
    const Index* labels = nullptr;
    const void* weight = nullptr;
    const Index* weight_first = nullptr;
};

class RecCore : public ModelCore {
public:
    // Throws ValueError if the specification is invalid, std::bad_alloc if memory is short.
    static std::unique_ptr<RecCore> make(const RecSpec& spec);

    virtual const RecSpec& spec() const = 0;
    virtual Index state_size() const = 0;
    virtual void begin(const RawSequences& data, const RawSequences& validation,
                       const FitOptions& options) = 0;
    // Outputs per sequence, or per step of the sequences in order. False: the poll cancelled it.
    virtual bool predict(const RawSequences& x, void* y, InterruptPoll* poll) = 0;
    virtual bool evaluate(const RawSequences& data, double& loss, InterruptPoll* poll) = 0;
    // One step of x.count sequences, with one row of values or one token each. States are (count,
    // state_size).
    virtual void step(const RawSequences& x, const void* state, void* next_state, void* y) = 0;
};

}  // namespace ds
