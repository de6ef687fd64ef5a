// Net for a caller that knows no templates.
#pragma once
#include <memory>

#include "api/model_core.h"

namespace ds {

// The caller's arrays as they come: T is the core's precision.
struct RawDataset {
    const void* x = nullptr;
    Index rows = 0;
    const void* target = nullptr;
    const std::int64_t* label = nullptr;
    const void* weight = nullptr;
};

class NetCore : public ModelCore {
public:
    // Throws ValueError when the specification cannot be, std::bad_alloc when it does not fit.
    static std::unique_ptr<NetCore> make(const NetSpec& spec);

    virtual const NetSpec& spec() const = 0;
    virtual void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options) = 0;
    // False: cancelled by the poll.
    virtual bool predict(const void* x, Index rows, void* y, Poll* poll) = 0;
    virtual bool evaluate(const RawDataset& data, double& loss, Poll* poll) = 0;
};

}  // namespace ds
