// Rec for a caller that knows no templates.
#pragma once
#include <memory>

#include "api/model_core.h"
#include "train/rec_spec.h"

namespace ds {

// The caller's arrays as they come (SequenceSet without its precision).
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
    // Throws ValueError when the specification cannot be, std::bad_alloc when it does not fit.
    static std::unique_ptr<RecCore> make(const RecSpec& spec);

    virtual const RecSpec& spec() const = 0;
    virtual Index state_size() const = 0;
    virtual void begin(const RawSequences& data, const RawSequences& validation,
                       const FitOptions& options) = 0;
    // Outputs by sequence, or by step of the sequences one behind the other. False: cancelled by the poll.
    virtual bool predict(const RawSequences& x, void* y, Poll* poll) = 0;
    virtual bool evaluate(const RawSequences& data, double& loss, Poll* poll) = 0;
    // One step of x.count sequences: one row of values or one token each, in their order.
    virtual void step(const RawSequences& x, const void* before, void* after, void* y) = 0;
};

}  // namespace ds
