// The targets of a batch of sequences by row of the head, gathered from the caller's arrays.
#pragma once
#include "rec/spec.h"
#include "rec/stack.h"
#include "training/sequential.h"

namespace ds {

// The host's part of a batch's targets: the row of each row of the head in the caller's arrays, and its weight.
template <class T>
struct TargetRows {
    HostArray<Index> source;
    HostArray<T> weight;

    void resize(Index rows, bool weighted) {
        source.resize(rows);
        weight.resize(weighted ? rows : 0);
    }
};

template <class T>
class RecTargets {
public:
    RecTargets(const RecSpec& spec, const SequenceSet<T>& data) : spec_(spec), data_(data) {}

    // With Output::kNext the inputs are the targets: tokens as labels, values as values.
    bool labels() const { return data_.next ? data_.x.tokens != nullptr : data_.label != nullptr; }
    bool ctc() const { return spec_.output == Output::kCtc; }

    Targets<T> allocate_buffers(ArenaPlanner& planner, Index rows, bool weights) const {
        Targets<T> t;
        if (!ctc() && labels()) t.label = planner.allocate<Index>(rows, 1);
        if (!ctc() && !labels()) t.values = planner.matrix<T>(rows, spec_.outputs());
        t.row_loss = planner.allocate<T>(rows, 1);
        if (weights) t.row_scale = planner.allocate<T>(rows, 1);
        return t;
    }

    CtcLabels ctc_labels(Index sequence) const {
        return {data_.label + data_.first[sequence], data_.labels[sequence]};
    }
    // All but gradient and results.
    CtcArgs<T> ctc_arguments(const RecStack<T>& stack, Matrix<const T> z, Range rows,
                             double* scratchpad) const {
        CtcArgs<T> a;
        a.rows = rows;
        a.length = stack.layout().length;
        a.offset = stack.layout().offset;
        a.z = z;
        a.sequence = stack.sequences();
        a.label = data_.label;
        a.first = data_.first;
        a.count = data_.labels;
        a.scratchpad = scratchpad;
        return a;
    }

    // The weight of a sequence, or of its step `t`, counted from the start of the sequence.
    double weight(Index sequence, Index t) const {
        if (ctc() && ctc_steps(ctc_labels(sequence)) > data_.steps(sequence)) return 0.0;
        if (!data_.weight) return 1.0;
        return static_cast<double>(
            data_.weight[data_.weight_first ? data_.weight_first[sequence] + t : sequence]);
    }
    bool weighted() const { return data_.weight != nullptr || ctc(); }

    // Σ w over the batch, ascending.
    double total_weight(const RecStack<T>& stack, Index first) const {
        const SequenceLayout& layout = stack.layout();
        if (!weighted()) return static_cast<double>(stack.head_rows());
        double sum = 0.0;
        if (has_stepwise_loss(spec_.output))
            stack.each({0, layout.total},
                       [&](Index, Index row, Index t) { sum += weight(stack.sequence(row), first + t); });
        else
            for (Index row = 0; row < layout.rows; ++row) sum += weight(stack.sequence(row), 0);
        return sum;
    }

    // Gathers the targets of some rows of the head, and w / *total of each.
    void gather(const Backend<T>& backend, const RecStack<T>& stack, Index first, const double* total,
                TargetRows<T>& host, const Targets<T>& to, Range rows) const {
        Index end = 0;  // of the rows that are read
        const auto one = [&](Index i, Index sequence, Index t) {
            if (to.row_scale) host.weight[i] = static_cast<T>(weight(sequence, t));
            const Index at = data_.next    ? data_.x.start[sequence] + t + 1
                             : data_.first ? data_.first[sequence] + t
                                           : sequence;
            host.source[i] = at;
            end = std::max(end, at + 1);
        };
        if (has_stepwise_loss(spec_.output))
            stack.each(rows, [&](Index i, Index row, Index t) { one(i, stack.sequence(row), first + t); });
        else
            for (Index i = rows.begin; i < rows.end; ++i) one(i, stack.sequence(i), 0);
        if (to.row_scale) backend.gather_weights(to.row_scale, host.weight.data(), nullptr, total, rows);
        const Index* source = host.source.data();
        if (to.label) backend.gather(to.label, data_.next ? data_.x.tokens : data_.label, source, rows);
        if (to.values)
            backend.gather(to.values, {data_.next ? data_.x.values : data_.target, end, spec_.outputs()},
                           source, rows);
    }

private:
    const RecSpec& spec_;
    const SequenceSet<T>& data_;
};

}  // namespace ds
