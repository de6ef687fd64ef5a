// Learning-rate schedules: what a step's rate is, from the step's position alone, so that a resumed run needs
// no history. Only the plateau rule remembers anything, and that is in PlateauState, which a checkpoint
// keeps. Warm-up and cosine: Loshchilov & Hutter 2017; one cycle: Smith & Topin 2018, annealed by cosines.
#pragma once
#include <string>

#include "core/types.h"

namespace ds {

enum class Schedule { kConstant, kStep, kExponential, kCosine, kOneCycle, kPlateau };

Schedule parse_schedule(const std::string& name);  // throws ValueError with the known names
const char* to_string(Schedule schedule);

struct ScheduleSpec {
    Schedule kind = Schedule::kConstant;
    double warmup = 0.0;      // linear warm-up: a fraction of the horizon below 1, else steps
    Index epochs = 0;         // the horizon; 0: the epochs of the fit call
    Index every = 10;         // step: epochs between two drops
    double gamma = 0.1;       // step: factor a drop; exponential: factor an epoch
    double final_rate = 0.0;  // cosine, one cycle: last rate as a fraction of the rate
    double peak = 0.3;        // one cycle: where the peak lies, as a fraction of the horizon
    double divisor = 25.0;    // one cycle: peak rate / first rate
    Index patience = 10;      // plateau: epochs without improvement before a drop
    double factor = 0.1;      // plateau: factor a drop
    double min_rate = 0.0;    // plateau: the rate goes no lower
    double threshold = 1e-4;  // plateau: relative improvement that counts
};

// Where a step is: counted from the start of the schedule.
struct SchedulePosition {
    Index epoch = 0;
    Index step = 0;   // steps since the start of the schedule
    Index total = 0;  // steps in the horizon
};

struct PlateauState {
    double best = 0.0;
    Index bad_epochs = 0;
    double scale = 1.0;
    bool started = false;
};

double scheduled_rate(const ScheduleSpec& spec, double rate, const SchedulePosition& at,
                      const PlateauState& plateau);

// Tell the plateau rule an epoch's loss.
void observe(const ScheduleSpec& spec, PlateauState& plateau, double rate, double loss);

}  // namespace ds
