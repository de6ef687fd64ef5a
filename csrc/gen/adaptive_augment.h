// Adaptive augmentation (Karras et al. 2020): the probability that a row is augmented rises while the
// discriminator separates training rows from generated ones too well, and falls otherwise.
#pragma once
#include "core/types.h"

namespace ds {

struct AugmentSpec {
    double target = 0.0;   // mean of sign(a - b) above which the probability rises; 0: no augmentation
    Index interval = 4;    // discriminator updates between two changes of the probability
    Index rows = 100000;   // pairs over which the probability can rise from 0 to 1
    double limit = 0.8;    // largest probability
    double scale = 0.2;    // rows are multiplied by exp(scale · normal)
    double cutout = 0.25;  // share of columns set to 0
    double jitter = 0.1;   // standard deviation of added noise
};

}  // namespace ds
