// A named number of an optimizer's or a loss's specification: its default and its valid range. The rule or loss
// lists its options itself (formulas/); reading, checking and writing a specification follow that list.
#pragma once

namespace ds {

enum class OptionRange : int {
    kFlag,         // 0 or 1, a bool outside
    kUnit,         // [0, 1)
    kOpenUnit,     // (0, 1)
    kPositive,     // finite, > 0
    kNotNegative,  // finite, >= 0
    kWeight,       // [0, 1], or below 0 for none
};

struct OptionTraits {
    const char* name;
    double initial;  // the default
    OptionRange range;
};

inline constexpr int kMaxOptions = 4;  // of one optimizer or loss

}  // namespace ds
