// Net behind an interface without templates.
#pragma once
#include <memory>

#include "api/model_core.h"
#include "core/sparse_matrix.h"

namespace ds {

// The caller's arrays in the core's precision (training/dataset.h).
struct RawDataset {
    const void* x = nullptr;  // of sparse rows: the values of the entries
    Index rows = 0;
    const void* target = nullptr;
    const std::int64_t* label = nullptr;
    const void* weight = nullptr;
    const Index* index = nullptr;
    Index array_rows = 0;
    const Index* indptr = nullptr;  // sparse rows (SparseMatrix::of), or null
    const Column* column = nullptr;
};

class NetCore : public ModelCore {
public:
    // Throws ValueError if the specification is invalid, std::bad_alloc if memory is short.
    // `device`: its number (backend/device.h).
    static std::unique_ptr<NetCore> make(const NetSpec& spec, int device);

    virtual const NetSpec& spec() const = 0;
    // Whether the inputs may be sparse rows: those of a device may not.
    virtual bool takes_sparse() const = 0;
    // `threads`: the most workers of the fit, or 0 for the model's own number.
    virtual void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options,
                       int threads = 0) = 0;
    // The outputs of the inputs of a data set. False: the poll cancelled it.
    virtual bool predict(const RawDataset& data, void* y, InterruptPoll* poll) = 0;
    virtual bool evaluate(const RawDataset& data, double& loss, InterruptPoll* poll) = 0;
};

}  // namespace ds
