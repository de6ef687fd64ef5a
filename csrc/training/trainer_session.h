// What a trainer has between begin() and end(). For the .cpp files of the trainer.
#pragma once
#include "training/trainer.h"

namespace ds {

template <class T>
struct Trainer<T>::Session {
    Session(std::unique_ptr<TrainingTask<T>> task_, const FitOptions& options_,
            std::span<const Player> players, Memory& memory)
        : task(std::move(task_)),
          options(options_),
          rows(task->rows()),
          batch(task->batch()),
          micro_steps(task->micro_steps()),
          steps(task->batches() * micro_steps),
          only_player(task->only_player()),
          order(options.shuffle ? rows : 0),
          row_numbers(options.shuffle ? order.data() : task->index()),
          status(memory),
          slots{Slot(memory), Slot(memory)} {
        for (const Player p : players) {
            player_steps[index_of(p)] = &task->step(p);
            task->step(p).set_status(status.data());
        }
    }

    // A step as it was prepared. There are two, so that worker 0 can prepare the next one while others may still
    // read the last.
    struct Slot {
        explicit Slot(Memory& memory) : params(memory) {}
        MiniBatch mini_batch;
        OptimizerClock clock;  // after the step
        SharedStruct<StepParams<T>> params;
    };
    Slot& current() { return slots[slot]; }

    std::unique_ptr<TrainingTask<T>> task;
    Step<T>* player_steps[kMaxPlayers] = {};
    FitOptions options;
    Index rows, batch, micro_steps;
    Index steps;               // of an epoch
    Player only_player;        // if a batch is one step
    HostArray<Index> order;    // this epoch's permutation
    Index order_epoch = -1;    // epoch of that permutation
    const Index* row_numbers;  // of the epoch, in the caller's arrays; null: ascending
    SharedStruct<StepStatus> status;
    Slot slots[2];
    int slot = 0;
};

}  // namespace ds
