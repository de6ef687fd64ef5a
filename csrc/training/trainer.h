// The training loop, which can stop and resume. run() trains until it reaches a number of epochs, a time
// budget or the stopping rule. A later run() continues as if it had not stopped: ten calls of run(1) equal
// one of run(10), bit for bit. Everything that this needs is in the TrainerState, the optimizers' states and
// the best weights.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "training/options.h"
#include "training/stopping.h"
#include "training/task.h"

namespace ds {

struct FitOptions {
    Index epochs = 1;
    Index batch_size = 32;
    bool shuffle = true;
    StoppingSpec stopping;
    bool resume = false;       // finish the interrupted fit instead of starting one
    bool pretraining = false;  // the phase; texts only
    bool keeps_best = false;   // the caller decides which weights are the best
};

template <class Field>
void visit_options(Field& field, FitOptions& s) {
    static constexpr const char* kMonitors[] = {"loss", "val_loss"};
    static constexpr const char* kPhases[] = {"adversarial", "pretrain"};
    field("epochs", s.epochs);
    field("batch_size", s.batch_size);
    field("shuffle", s.shuffle);
    field("patience", s.stopping.patience);
    field("min_delta", s.stopping.min_delta);
    field("restore_best", s.stopping.restore_best);
    field.named("monitor", kMonitors, s.stopping.on_validation);
    field("resume", s.resume);
    field.named("phase", kPhases, s.pretraining);
}

// The state of training, in plain numbers. A checkpoint is this state, the flat buffers and the
// configuration.
struct TrainerState {
    Index epoch = 0;  // whole epochs done
    Index step = 0;   // steps done in the current one
    Index target_epoch = 0;
    Index batch_size = 0;
    bool shuffle = true;
    Index schedule_start = 0;   // first epoch of the schedule
    Index schedule_epochs = 0;  // its horizon
    double loss_sum = 0.0;      // Σ w l of the current epoch
    double weight_sum = 0.0;
    double learning_rate[kMaxPlayers] = {};  // of each player's last update
    OptimizerClock clock[kMaxPlayers];       // by player
    bool pretraining = false;                // the phase of training; texts only
    Index other_epoch = 0;                   // epochs done in the other phase
    GanState gan;
    PlateauState plateau;
    StoppingState stopping;
};

struct RunResult {
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

    // The task's data belong to the caller and must outlive end(). Throws before anything is changed.
    void begin(std::unique_ptr<TrainingTask<T>> task, const FitOptions& options);
    RunResult run(Index max_epochs, double budget_seconds, InterruptPoll* poll);
    // Drops the data. A finished fit that tracked its best epoch restores the weights of that epoch.
    void end();
    bool running() const { return session_ != nullptr; }

    void reset();

    TrainerState& state() { return state_; }
    const TrainerState& state() const { return state_; }
    Index steps_per_epoch() const;
    bool finished() const { return state_.stopping.stopped || state_.epoch >= state_.target_epoch; }
    // Resets the player's optimizer: zero moments, step count 0, the options of the current phase.
    void reset_optimizer(Player player);
    OptimizerState<T>& optimizer(Player player = kFirstPlayer) { return optimizers_[index_of(player)]; }
    // Parameters of the best epoch, or an empty buffer.
    Buffer<T>& best() { return best_; }
    // The state between two micro-steps (TrainingTask::bptt_state_size), or null at the start of a batch.
    const Buffer<T>* bptt_state() const { return within_batch_ ? &bptt_state_ : nullptr; }
    void set_bptt_state(Buffer<T> numbers);
    // Reads the status of steps after every `steps` of them only, as a device needs it; by default after each.
    // Steps that follow one that diverged are undone. State between micro-steps makes it 1.
    void set_report_interval(Index steps) { report_interval_ = steps; }

private:
    enum class Command { kStep, kEndEpoch, kStop };
    struct Session;
    // What a step changes of the state, as it was after the last report.
    struct Reported {
        Index step = 0, samples = 0;
        double learning_rate[kMaxPlayers] = {};
        OptimizerClock clock[kMaxPlayers];
    };
    using Clock = std::chrono::steady_clock;

    void work(Share share, Barrier& barrier);
    void start_epoch();
    void after_step(StepOutcome outcome);
    void count_step();
    void write_status();
    void read_status();
    bool has_diverged();
    void start_report();
    void return_to_last_complete_step();
    void save_bptt_state();
    void after_validation();
    void after_epoch();
    void prepare_next_step();
    void stop() { command_ = Command::kStop; }
    int worker_count() const;

    Model<T>& model_;
    std::vector<OptimizerState<T>> optimizers_;  // by player
    TrainerState state_;
    Buffer<T> best_, bptt_state_;
    bool within_batch_ = false;  // bptt_state_ holds the state after the last micro-step
    std::unique_ptr<Session> session_;

    // Of one run() call. Worker 0 writes them, and barriers publish them.
    Command command_ = Command::kStop;
    RunResult result_;
    Index max_epochs_ = 0;
    Clock::time_point deadline_, epoch_start_;
    Index steps_until_clock_ = 0, clock_interval_ = 1;
    InterruptPoll* poll_ = nullptr;
    bool polls_in_steps_ = false;  // long steps poll between their layers
    bool reports_ = false;         // the status has been read after the last step
    Index report_interval_ = 1, unreported_ = 0;
    Reported reported_;
    std::atomic<bool> cancelled_{false};  // validation was cancelled
};

}  // namespace ds
