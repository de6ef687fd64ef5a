#include "csv/number.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <version>
#if !defined(__cpp_lib_to_chars) || __cpp_lib_to_chars < 201611L
#include <locale.h>
#include <stdlib.h>
#endif

namespace ds {
namespace {

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kMaxPower = 22;                                // the largest power of ten that is a double
constexpr std::uint64_t kMaxExact = std::uint64_t{1} << 53;  // below it every whole number is a double
constexpr int kMaxExponent = 100'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((text[i] | 0x20) != lower[i]) return false;
    return true;
}

// The double next to an unsigned decimal number that is known to be well-formed.
double round_decimal(std::string_view text, bool is_large) {
    double value = 0.0;
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range)
        return is_large ? std::numeric_limits<double>::infinity() : 0.0;
#else
    (void)is_large;
    static const locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
    value = strtod_l(std::string(text).c_str(), nullptr, plain);
#endif
    return value;
}

}  // namespace

bool parse_number(std::string_view text, double& value) {
    const char* p = text.data();
    const char* const end = p + text.size();
    const bool is_negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    const char* const digits_begin = p;
    std::uint64_t mantissa = 0;
    int digits = 0, significant = 0, exponent = 0;
    bool has_point = false;
    for (; p < end; ++p) {
        if (*p == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!is_digit(*p)) break;
        ++digits;
        if (significant < 19) {
            mantissa = 10 * mantissa + static_cast<std::uint64_t>(*p - '0');
            significant += mantissa != 0;
            exponent -= has_point && exponent > -kMaxExponent;
        } else {
            significant += significant < kMaxExponent;  // a digit beyond the mantissa, which is then inexact
            exponent += !has_point && exponent < kMaxExponent;
        }
    }
    if (digits == 0) {
        const std::string_view word(p, static_cast<std::size_t>(end - p));
        if (has_point || !(equals_ignoring_case(word, "inf") || equals_ignoring_case(word, "infinity")))
            return false;
        value =
            is_negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
        return true;
    }
    if (p < end && (*p | 0x20) == 'e') {
        ++p;
        const bool is_small = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) ++p;
        if (p == end) return false;
        int stated = 0;
        for (; p < end && is_digit(*p); ++p)
            if (stated < kMaxExponent) stated = 10 * stated + (*p - '0');
        exponent += is_small ? -stated : stated;
    }
    if (p != end) return false;
    double magnitude = 0.0;
    if (significant <= 19 && mantissa <= kMaxExact && exponent >= -kMaxPower && exponent <= kMaxPower)
        // Two exact operands and one rounding (Clinger: How to read floating point numbers accurately, 1990).
        magnitude = exponent < 0 ? static_cast<double>(mantissa) / kPowers[-exponent]
                                 : static_cast<double>(mantissa) * kPowers[exponent];
    else if (mantissa != 0)
        magnitude = round_decimal({digits_begin, static_cast<std::size_t>(end - digits_begin)}, exponent > 0);
    value = is_negative ? -magnitude : magnitude;
    return true;
}

}  // namespace ds
