// Decimal numbers in text, correctly rounded and independent of the locale.
#pragma once
#include <string_view>

namespace ds {

// Parses the whole of `text` as Python's float() does: 1, -.5, 2.e3, inf; no blanks, no "_", no "nan".
// Returns whether it is a number.
bool parse_number(std::string_view text, double& value);

}  // namespace ds
