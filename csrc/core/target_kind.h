// The targets that a loss takes; each loss names its kind (formulas/loss.h), which decides how targets are read and
// checked, and whether the model predicts classes.
#pragma once

namespace ds {

enum class TargetKind : int {
    kReal,                // any finite numbers
    kCounts,              // numbers >= 0
    kProbabilities,       // numbers in [0, 1], each on its own
    kBinary,              // 0 or 1
    kClasses,             // one class index per row
    kClassProbabilities,  // one class index per row, or a row of probabilities
};
inline constexpr const char* kTargetKindNames[] = {"real",   "counts",  "probabilities",
                                                   "binary", "classes", "class_probabilities"};

}  // namespace ds
