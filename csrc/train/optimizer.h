// The optimizer's state and its share of a step: which contiguous pieces of the slab each worker updates, and
// the transposed copies it refreshes while those weights are in its cache. Gradients of large weights may be made
// piece by piece in that place, so that they never leave the first caches.
#pragma once
#include <vector>

#include "backend/backend.h"
#include "core/arena.h"
#include "layers/parameters.h"
#include "train/spec.h"

namespace ds {

// beta^t as iterated products in double: no pow, the same bits everywhere.
struct OptimizerClock {
    Index steps = 0;
    double beta1_power = 1.0;
    double beta2_power = 1.0;

    void tick(const OptimizerSpec& spec) {
        ++steps;
        beta1_power = next(beta1_power, spec.beta1);
        beta2_power = next(beta2_power, spec.beta2);
    }

private:
    // 1 - power is 1 long before a power is this small; without the end it would sink into subnormal numbers,
    // on which every later step's product takes a hundred cycles.
    static double next(double power, double beta) { return power < 1e-30 ? 0.0 : power * beta; }
};

// Gradients that lie in no slab: rows of a weight are made when they are asked for.
template <class T>
class RowGradients {
public:
    virtual ~RowGradients() = default;
    virtual bool makes(const Parameter&) const { return false; }
    // rows.size() rows of p.ld numbers, beyond the columns zeros. `wanted` is read next.
    virtual void make(const Parameter&, Range /*rows*/, T* /*to*/, const Wanted<T>& /*wanted*/, Share) const {
    }
};

bool uses_first_moment(const OptimizerSpec& spec);
bool uses_second_moment(const OptimizerSpec& spec);

template <class T>
class OptimizerState {
public:
    // `part` of the trainable numbers. Slabs run from the table's start, so that one offset serves all; what lies
    // before the part is never touched.
    OptimizerState(const OptimizerSpec& spec, const ParameterTable& table, Range part);

    // Decide who updates what.
    void share_out(int workers);

    // Worker `share.worker`'s pieces; `a` has the step's scalars, into which each piece is entered. False: some
    // weight or moment would not have been finite and was kept.
    bool update(const Backend<T>& backend, T* params, T* copies, const T* grads,
                const RowGradients<T>& others, UpdateArgs<T>& a, Share share) const;

    // The scalars of one step, the clock having ticked; grad_scale is 1.
    UpdateArgs<T> step_arguments(double rate, const OptimizerClock& clock) const;

    const Range& part() const { return part_; }
    T* first() { return first_.data(); }
    T* second() { return second_.data(); }
    const OptimizerSpec& spec() const { return spec_; }
    bool has_first() const { return uses_first_moment(spec_); }
    bool has_second() const { return uses_second_moment(spec_); }
    void reset();

private:
    struct Piece {
        Index offset = 0;
        Index size = 0;
        bool decays = false;
        const Parameter* of = nullptr;  // rows of one weight, or null: anything
        Range rows;
    };
    void add_piece(const Piece& piece, std::vector<Piece>& out) const;
    std::vector<Piece> cut() const;

    OptimizerSpec spec_;
    UpdateArgs<T> constants_;
    const ParameterTable* table_;
    Range part_;
    bool far_ = false;                 // a worker's weights and moments do not stay in its second-level cache
    Buffer<T> first_, second_, made_;  // made_: room for a piece of row gradients by worker
    Index room_ = 0;
    std::vector<std::vector<Piece>> pieces_;  // by worker
};

}  // namespace ds
