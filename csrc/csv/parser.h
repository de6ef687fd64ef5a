// Parser of comma-separated values (RFC 4180, as lenient as Python's csv module) into columns.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "csv/column.h"

namespace ds {

class CsvParser {
public:
    // Parses `text`, UTF-8 without a header, which must outlive the parser. Blanks before a cell are skipped.
    // If the delimiter is a blank, several of them count as one.
    CsvParser(std::string_view text, Index columns, char delimiter, CellRules rules);

    // Parses at least `bytes` more; returns whether anything is left.
    bool step(Index bytes);

    const std::vector<CsvColumn>& columns() const { return columns_; }
    Index rows() const { return rows_; }  // without blank and wrong ones
    // Rows that have another number of cells and are not blank: how many, the number of the first one, counted
    // from 1 with all rows, and its number of cells.
    Index wrong_rows() const { return wrong_rows_; }
    Index first_wrong_row() const { return first_wrong_row_; }
    Index first_wrong_cells() const { return first_wrong_cells_; }
    // Number of the row in which a quote is never closed; 0 if there is none.
    Index unclosed_row() const { return unclosed_row_; }

private:
    void read_record();
    void read_cell();
    void read_quoted_cell();
    bool at_line_end() const;
    bool is_blank_row() const;
    void add_row();
    void begin_early_pass();
    bool is_row() const { return cells_.size() == columns_.size(); }

    std::string_view text_;
    char delimiter_;
    CellRules rules_;
    std::vector<CsvColumn> columns_;
    std::size_t cursor_ = 0;
    std::vector<std::string_view> cells_;  // of the current record
    std::deque<std::string> unquoted_;     // cells of the current record that differ from the text
    bool is_unclosed_ = false;
    Index records_ = 0, rows_ = 0;
    Index wrong_rows_ = 0, first_wrong_row_ = 0, first_wrong_cells_ = 0, unclosed_row_ = 0;
    bool is_early_pass_ = false;  // the second pass, for columns that began with numbers
    std::vector<std::size_t> early_columns_;
    Index early_rows_ = 0, early_row_ = 0;
};

}  // namespace ds
