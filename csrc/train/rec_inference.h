// A Rec forward without a trace: predictions, losses and single steps. Sequences of like length run together, in
// chunks that share the workers; a sequence's answer depends on nothing but itself.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "train/inference.h"
#include "train/rec_step.h"

namespace ds {

template <class T>
class RecInference {
public:
    RecInference(const RecModel<T>& model, const Backend<T>& backend);
    ~RecInference();

    // What one call works through: sequences by length, cut into chunks.
    class Work {
    public:
        Index chunks() const { return static_cast<Index>(first_.size()) - 1; }
        SequencePlace place(Index chunk) const {
            const Index *first = first_.data() + chunk, *order = order_.data();
            return {order + first[0], 0, first[1] - first[0]};
        }

    private:
        friend class RecInference;
        std::vector<Index> order_, first_;  // sequences; where each chunk begins
        std::vector<Index> out_;            // by sequence: its first row of the outputs
    };
    Work plan(const SequenceSet<T>& data, int workers) const;
    int workers(const SequenceSet<T>& data, int available) const;

    // Makes room for `workers` that take chunks of this work at once, so that losses() has no need to.
    void reserve(const SequenceSet<T>& data, const Work& work, int workers);

    // One chunk: outputs to their rows of y, in the order of the sequences. `halt` is asked on the way.
    void predict(const SequenceSet<T>& data, const Work& work, Index chunk, T* y, const Halt* halt = nullptr);
    // One chunk: Σ w l and Σ w of its sequences, by sequence.
    void losses(const SequenceSet<T>& data, const Work& work, Index chunk, LossSum* sums,
                const Halt* halt = nullptr);

    // One step of x.count sequences; states (n, state_size) are read and then written. Of the `available` workers it
    // takes as many as its weights are worth, if the last step has ended so lately that they are still awake.
    void step(const Sequences<T>& x, const T* before, T* after, T* y, int available);

private:
    struct Room;
    std::unique_ptr<Room> borrow(const BatchBounds& bounds);
    void give_back(std::unique_ptr<Room> room);
    void run(Room& room, const SequenceSet<T>& data, const SequencePlace& place, const T* states,
             bool states_first = false);
    void run_together(Room& room, const SequenceSet<T>& data, const SequencePlace& place, const T* states,
                      int workers);
    void enter(Room& room, const SequenceSet<T>& data, const SequencePlace& place, const T* states) const;
    int step_workers(const Room& room, int available) const;
    BatchBounds bounds(const SequenceSet<T>& data, const SequencePlace& place) const;
    void make_judge(Room& room, const RecTargets<T>& wanted) const;

    const RecModel<T>& model_;
    const Backend<T>& backend_;
    Inference<T> head_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Room>> rooms_;  // not in use
    std::size_t kept_;                          // the most of them
    std::atomic<std::int64_t> stepped_{0};      // when the last step ended, in nanoseconds
    std::atomic<unsigned> steps_{0};            // that were taken, of large models
};

}  // namespace ds
