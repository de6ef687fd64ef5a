#include "csv/column.h"

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include "csv/number.h"

namespace ds {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMaxExact = 9007199254740992.0;  // 2^53

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view stripped(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Whether a text consists of three or more digits, the first of which is 0.
bool is_code(std::string_view text) {
    return text.size() > 2 && text[0] == '0' &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether a text consists of the digits of a whole number that float64 may not tell from its neighbours.
bool is_long_whole(std::string_view text, double value) {
    return std::abs(value) >= kMaxExact && text.find_first_not_of("+-0123456789") == std::string_view::npos;
}

bool is_missing(std::string_view text, const std::vector<std::string>& missing) {
    for (const std::string& word : missing) {
        if (word.size() != text.size()) continue;
        std::size_t i = 0;
        while (i < word.size() && word[i] == (text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]))
            ++i;
        if (i == word.size()) return true;
    }
    return false;
}

}  // namespace

std::int32_t TextIndex::insert(std::string_view text) {
    if (4 * (ends_.size() + 1) > 3 * slots_.size()) grow();
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots_[slot].code >= 0; slot = (slot + 1) & mask)
        if (slots_[slot].hash == hash && (*this)[slots_[slot].code] == text) return slots_[slot].code;
    if (size() >= std::numeric_limits<std::int32_t>::max())
        throw std::length_error("a column has more than 2^31 - 1 distinct texts");
    const auto code = static_cast<std::int32_t>(size());
    bytes_.append(text);
    ends_.push_back(bytes_.size());
    slots_[slot] = {hash, code};
    return code;
}

std::string_view TextIndex::operator[](Index i) const {
    const std::size_t begin = i > 0 ? ends_[static_cast<std::size_t>(i - 1)] : 0;
    return std::string_view(bytes_).substr(begin, ends_[static_cast<std::size_t>(i)] - begin);
}

void TextIndex::grow() {
    std::vector<Slot> slots(slots_.empty() ? 64 : 2 * slots_.size());
    for (const Slot& old : slots_) {
        if (old.code < 0) continue;
        std::size_t slot = old.hash & (slots.size() - 1);
        while (slots[slot].code >= 0) slot = (slot + 1) & (slots.size() - 1);
        slots[slot] = old;
    }
    slots_ = std::move(slots);
}

void CsvColumn::add(std::string_view cell, const CellRules& rules) {
    if (is_numeric_) {
        const std::string_view text = stripped(cell);
        double value = kNaN;
        const bool is_text =
            is_code(text) || (rules.point_is_text && text.find('.') != std::string_view::npos);
        const bool is_number = !is_text && parse_number(text, value) && !is_long_whole(text, value);
        if (is_number || is_missing(text, rules.missing)) {
            is_whole_ = is_whole_ && std::abs(value) < kMaxExact && value == std::floor(value);
            numbers_.push_back(value);
            return;
        }
        is_numeric_ = false;
        early_rows_ = static_cast<Index>(numbers_.size());
        numbers_ = {};
    }
    codes_.push_back(texts_.insert(cell));
}

std::vector<std::string_view> CsvColumn::texts(std::vector<std::int64_t>& codes) const {
    std::vector<std::int64_t> order(static_cast<std::size_t>(texts_.size()), -1);
    std::vector<std::string_view> distinct;
    codes.clear();
    codes.reserve(early_codes_.size() + codes_.size());
    for (const auto* part : {&early_codes_, &codes_})
        for (const std::int32_t code : *part) {
            std::int64_t& place = order[static_cast<std::size_t>(code)];
            if (place < 0) {
                place = static_cast<std::int64_t>(distinct.size());
                distinct.push_back(texts_[code]);
            }
            codes.push_back(place);
        }
    return distinct;
}

}  // namespace ds
