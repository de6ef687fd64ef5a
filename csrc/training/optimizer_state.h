// The optimizer's state and its share of a step: which contiguous pieces of the slab each worker updates, and
// the transposed copies it refreshes while those weights are in its cache. Gradients of large weights may be
// made piece by piece in that place, so that they never leave the first caches.
#pragma once
#include <vector>

#include "backend/backend.h"
#include "core/memory/memory.h"
#include "layers/parameters.h"
#include "training/spec.h"

namespace ds {

// Gradients that lie in no slab: rows of a weight are made when they are asked for.
template <class T>
class RowGradients {
public:
    virtual ~RowGradients() = default;
    virtual bool has_gradient_rows(const Parameter&) const { return false; }
    // rows.size() rows of p.ld numbers, beyond the columns zeros. `prefetch_hint` names memory that is read
    // next.
    virtual void gradient_rows(const Parameter&, Range /*rows*/, T* /*to*/,
                               const PrefetchHint<T>& /*prefetch_hint*/, Share) const {}
};

template <class T>
class OptimizerState {
public:
    // Updates `part` of the trainable numbers. The moments' buffers have the offsets of the parameter table;
    // their elements before the part are unused.
    OptimizerState(Memory& memory, const OptimizerSpec& spec, const ParameterTable& table, Range part);

    // Divides the parameters among the workers.
    void divide_among(int workers);

    // Updates the pieces of worker `share.worker`. `a` has the scalars of the fit and those of the step; the
    // pointers to the piece are set here. A weight or moment that would not be finite keeps its value, which
    // the status reports.
    void update(const Backend<T>& backend, T* params, T* copies, const T* grads,
                const RowGradients<T>& others, UpdateArgs<T>& a, StepStatus* status, Share share) const;

    // Counts one more step.
    void advance(OptimizerClock& clock) const {
        ++clock.steps;
        if (traits_->advance) traits_->advance(spec_.options, clock);
    }
    // The scalars of all steps, and those of step number clock.steps.
    const UpdateArgs<T>& constants() const { return constants_; }
    UpdateScalars<T> step_scalars(double learning_rate, const OptimizerClock& clock) const;

    const Range& part() const { return part_; }
    T* first() { return first_.data(); }
    T* second() { return second_.data(); }
    const OptimizerSpec& spec() const { return spec_; }
    bool has_first() const { return has_first_; }
    bool has_second() const { return has_second_; }
    void reset();

private:
    struct Piece {
        Index offset = 0;
        Index size = 0;
        bool decays = false;
        const Parameter* parameter = nullptr;  // `rows` of this weight; null: any numbers
        Range rows;
    };
    void add_piece(const Piece& piece, std::vector<Piece>& out) const;
    std::vector<Piece> cut() const;

    OptimizerSpec spec_;
    const OptimizerTraits* traits_;
    bool has_first_, has_second_;
    UpdateArgs<T> constants_;
    const ParameterTable* table_;
    Range part_;
    bool exceeds_l2_ = false;     // a worker's weights and moments do not stay in its second-level cache
    Buffer<T> first_, second_;    // moments
    HostArray<T> row_gradients_;  // by worker: a scratchpad for the gradients of a piece
    Index scratchpad_size_ = 0;
    std::vector<std::vector<Piece>> pieces_;  // by worker
};

}  // namespace ds
