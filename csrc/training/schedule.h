// Learning-rate schedules. A step's learning rate is a function of its position, so a resumed run needs no
// history. Only the plateau rule has a state, which checkpoints contain. Warm-up and cosine: Loshchilov &
// Hutter 2017; one cycle: Smith & Topin 2018, annealed by cosines.
#pragma once
#include "core/types.h"
#include "training/options.h"

namespace ds {

enum class Schedule { kConstant, kStep, kExponential, kCosine, kOneCycle, kPlateau };

Names names_of(Schedule);

struct ScheduleSpec {
    Schedule kind = Schedule::kConstant;
    double warmup = 0.0;             // linear warm-up: below 1 a fraction of the horizon, else steps
    Index epochs = 0;                // the horizon; 0: the epochs of the fit call
    Index interval = 10;             // step: epochs between two drops
    double decay = 0.1;              // step: factor per drop; exponential: factor per epoch
    double final_rate = 0.0;         // cosine, one cycle: last rate as a fraction of the rate
    double peak = 0.3;               // one cycle: position of the peak, as a fraction of the horizon
    double div = 25.0;               // one cycle: peak rate / first rate
    Index patience = 10;             // plateau: epochs without improvement before a drop
    double factor = 0.1;             // plateau: factor per drop
    double min_learning_rate = 0.0;  // plateau: lower bound of the learning rate
    double threshold = 1e-4;         // plateau: relative improvement that counts
};

// The position of a step, counted from the start of the schedule.
struct SchedulePosition {
    Index epoch = 0;
    Index step = 0;   // steps since the start of the schedule
    Index total = 0;  // steps in the horizon
};

template <class Field>
void visit_options(Field& field, ScheduleSpec& s) {
    field("name", s.kind);
    field("warmup", s.warmup);
    field("epochs", s.epochs);
    field("interval", s.interval);
    field("decay", s.decay);
    field("final", s.final_rate);
    field("peak", s.peak);
    field("div", s.div);
    field("patience", s.patience);
    field("factor", s.factor);
    field("min_learning_rate", s.min_learning_rate);
    field("threshold", s.threshold);
}

struct PlateauState {
    double best = 0.0;
    Index bad_epochs = 0;
    double scale = 1.0;
    bool started = false;
};

double scheduled_rate(const ScheduleSpec& spec, double rate, const SchedulePosition& position,
                      const PlateauState& plateau);

// Updates the plateau rule with the loss of an epoch.
void observe(const ScheduleSpec& spec, PlateauState& plateau, double rate, double loss);

}  // namespace ds
