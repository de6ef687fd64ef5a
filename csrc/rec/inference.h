// Inference with a Rec: predictions, losses and single steps. Sequences of similar length form chunks, which
// the workers divide among themselves. The result of a sequence does not depend on the others.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "rec/step.h"
#include "training/inference.h"

namespace ds {

// Σ w l and Σ w of a sequence.
struct LossSum {
    double loss = 0.0, weight = 0.0;
};

template <class T>
class RecInference {
public:
    RecInference(const RecModel<T>& model, const Device<T>& device);
    ~RecInference();

    // The work of one call: sequences sorted by length and divided into chunks.
    class ChunkPlan {
    public:
        Index count() const { return static_cast<Index>(first_.size()) - 1; }
        SequenceBatchRef batch(Index chunk) const {
            const Index *first = first_.data() + chunk, *order = order_.data();
            return {order + first[0], 0, first[1] - first[0]};
        }

    private:
        friend class RecInference;
        std::vector<Index> order_, first_;  // sequences; the first one of each chunk
        std::vector<Index> out_;            // by sequence: its first row of the outputs
    };
    ChunkPlan plan(const SequenceSet<T>& data, int workers) const;
    int workers(const SequenceSet<T>& data, int available) const;

    // Allocates buffers for `workers` that run chunks of this plan at once, so that losses() does not
    // allocate.
    void reserve(const SequenceSet<T>& data, const ChunkPlan& plan, int workers);

    // Writes the outputs of one chunk to their rows of y, in the order of the sequences.
    void predict(const SequenceSet<T>& data, const ChunkPlan& plan, Index chunk, T* y,
                 const StopToken* stop_token = nullptr);
    // Writes Σ w l and Σ w of each sequence of one chunk.
    void losses(const SequenceSet<T>& data, const ChunkPlan& plan, Index chunk, LossSum* sums,
                const StopToken* stop_token = nullptr);

    // One step of x.count sequences, with states (count, state_size). It uses several workers if the weights
    // are large enough and the last step ended so recently that they are still awake.
    void step(const Sequences<T>& x, const T* state, T* next_state, T* y, int available);

private:
    struct Workspace;
    std::unique_ptr<Workspace> acquire(const BatchBounds& bounds);
    void release(std::unique_ptr<Workspace> workspace);
    void run(Workspace& workspace, const SequenceSet<T>& data, const SequenceBatchRef& batch, const T* states,
             bool states_first = false);
    void run_column_parallel(Workspace& workspace, const SequenceSet<T>& data, const SequenceBatchRef& batch,
                             const T* states, int workers);
    void load_batch(Workspace& workspace, const SequenceSet<T>& data, const SequenceBatchRef& batch,
                    const T* states) const;
    int step_workers(const Workspace& workspace, int available) const;
    BatchBounds bounds(const SequenceSet<T>& data, const SequenceBatchRef& batch) const;
    void reserve_loss_buffers(Workspace& workspace, const RecTargets<T>& target_source) const;

    const RecModel<T>& model_;
    Device<T> device_;
    const Backend<T>& backend_;
    Inference<T> head_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Workspace>> workspaces_;  // free ones
    std::size_t kept_;                                    // the most free ones
    std::atomic<std::int64_t> last_step_end_{0};          // time of the last step's end, in nanoseconds
    std::atomic<unsigned> step_count_{0};                 // steps of large models
};

}  // namespace ds
