// The training loop: a resumable stepper. run() trains until an epoch count, a time budget or the stopping
// rule is reached and can then go on as if it had not stopped: everything that decides what comes next is in
// the Cursor, the optimizer's state and the best weights. Ten times run(1) is once run(10), bit for bit.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "train/adaptation.h"
#include "train/course.h"
#include "train/stopping.h"

namespace ds {

struct FitOptions {
    Index epochs = 1;
    Index batch_size = 32;
    bool shuffle = true;
    StoppingSpec stopping;
    bool resume = false;      // finish the interrupted fit instead of starting one
    bool teaching = false;    // texts: which phase
    bool keeps_best = false;  // the caller decides which weights are the best
};

inline constexpr int kMostPlayers = 2;

// Where training stands. Plain numbers: a checkpoint is this, the slabs, and the configuration.
struct Cursor {
    Index epoch = 0;  // whole epochs done
    Index step = 0;   // steps done in the current one
    Index target_epoch = 0;
    Index batch_size = 0;
    bool shuffle = true;
    Index schedule_start = 0;   // first epoch of the schedule
    Index schedule_epochs = 0;  // its horizon
    double loss_sum = 0.0;      // Σ w l of the current epoch
    double weight_sum = 0.0;
    double rate[kMostPlayers] = {};  // of each player's last update
    OptimizerClock clock;
    OptimizerClock second_clock;  // of the second player, where there is one
    bool teaching = false;        // texts: which of two phases this is,
    Index other_epoch = 0;        // and the epochs done in the other
    AdversaryState adversaries;   // theirs alone
    PlateauState plateau;
    StoppingState stopping;
};

struct Block {
    std::vector<EpochRecord> epochs;
    bool finished = false;
    bool stopped_early = false;
    bool diverged = false;
    bool cancelled = false;
    Index samples = 0;
    double diverged_loss = 0.0;
};

template <class T>
class Trainer {
public:
    explicit Trainer(Model<T>& model);
    ~Trainer();

    // The data behind the course stay the caller's and must outlive end(). Throws before anything is changed.
    void begin(std::unique_ptr<Course<T>> course, const FitOptions& options);
    Block run(Index max_epochs, double budget_seconds, Poll* poll);
    // Drops the data; a fit that finished and watched for its best epoch leaves that epoch's weights.
    void end();
    bool running() const { return session_ != nullptr; }

    void reset();

    Cursor& cursor() { return cursor_; }
    const Cursor& cursor() const { return cursor_; }
    Index steps_per_epoch() const;
    bool finished() const { return cursor_.stopping.stopped || cursor_.epoch >= cursor_.target_epoch; }
    // A player is trained in another way from here on: without moments, its clock at 0.
    void retrain(int player);
    OptimizerState<T>& optimizer(int player = 0) { return optimizers_[static_cast<std::size_t>(player)]; }
    // The best epoch's parameters, or an empty buffer.
    Buffer<T>& best() { return best_; }
    // What the last piece left to the next where a fit stands within a batch (Course::carried), or null.
    const Buffer<T>* carried() const { return within_batch_ ? &carried_ : nullptr; }
    void carry(Buffer<T> numbers);

private:
    enum class Command { kStep, kEndEpoch, kStop };
    struct Session;
    using Clock = std::chrono::steady_clock;

    void work(Share share, Barrier& barrier);
    void start_epoch();
    void after_step(StepOutcome outcome);
    void keep_carried();
    void after_validation();
    void after_epoch();
    void place_next_step();
    void stop() { command_ = Command::kStop; }
    int wanted_workers() const;

    Model<T>& model_;
    std::vector<OptimizerState<T>> optimizers_;  // by player
    Cursor cursor_;
    Buffer<T> best_, carried_;
    bool within_batch_ = false;  // and something is carried
    std::unique_ptr<Session> session_;

    // One run() call; worker 0 writes, barriers publish.
    Command command_ = Command::kStop;
    Block block_;
    Index max_epochs_ = 0;
    Clock::time_point deadline_, epoch_start_;
    Index until_clock_ = 0, clock_every_ = 1;
    Poll* poll_ = nullptr;
    bool asks_in_steps_ = false;         // which are long
    std::atomic<bool> given_up_{false};  // the validation
};

}  // namespace ds
