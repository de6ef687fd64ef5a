// A column of a text table: numbers as long as every cell is one or missing, else distinct texts and the code
// of each row.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace ds {

// Distinct texts, numbered in the order of their first insertion.
class TextIndex {
public:
    std::int32_t insert(std::string_view text);
    Index size() const { return static_cast<Index>(ends_.size()); }
    std::string_view operator[](Index i) const;

private:
    void grow();

    std::string bytes_;
    std::vector<std::size_t> ends_;
    struct Slot {
        std::uint32_t hash = 0;
        std::int32_t code = -1;  // -1: free
    };
    std::vector<Slot> slots_;  // open addressing
};

// How the cells of all columns are read.
struct CellRules {
    std::vector<std::string> missing;  // spellings of a missing value, in lower case
    bool point_is_text = false;        // 1.234 is no plain number, as in a file with decimal commas
};

class CsvColumn {
public:
    // Adds the cell of the next row. Digits with a leading zero, such as 01234, are text, and so are whole numbers
    // of 2^53 or more.
    void add(std::string_view cell, const CellRules& rules);
    // Rows that were read as numbers before the first text; add_early() takes their cells again, in order.
    Index early_rows() const { return is_numeric_ ? 0 : early_rows_; }
    void add_early(std::string_view cell) { early_codes_.push_back(texts_.insert(cell)); }

    bool is_numeric() const { return is_numeric_; }
    // Whether all rows are whole numbers of less than 2^53, and none is missing.
    bool is_whole() const { return is_whole_; }
    const std::vector<double>& numbers() const { return numbers_; }  // NaN where missing
    // Distinct texts in the order of their first rows, and the code of each row.
    std::vector<std::string_view> texts(std::vector<std::int64_t>& codes) const;

private:
    bool is_numeric_ = true, is_whole_ = true;
    std::vector<double> numbers_;
    TextIndex texts_;
    std::vector<std::int32_t> early_codes_, codes_;
    Index early_rows_ = 0;
};

}  // namespace ds
