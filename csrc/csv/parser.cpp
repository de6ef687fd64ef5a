#include "csv/parser.h"

#include <algorithm>
#include <utility>

namespace ds {

CsvParser::CsvParser(std::string_view text, Index columns, char delimiter, CellRules rules)
    : text_(text),
      delimiter_(delimiter),
      rules_(std::move(rules)),
      columns_(static_cast<std::size_t>(columns)) {}

bool CsvParser::step(Index bytes) {
    const std::size_t stop = cursor_ + std::min(text_.size() - cursor_, static_cast<std::size_t>(bytes));
    while (cursor_ < stop) {
        if (is_early_pass_) {
            if (early_row_ == early_rows_) return false;
            read_record();
            if (!is_row()) continue;
            for (const std::size_t i : early_columns_)
                if (early_row_ < columns_[i].early_rows()) columns_[i].add_early(cells_[i]);
            ++early_row_;
            continue;
        }
        read_record();
        add_row();
    }
    if (cursor_ < text_.size()) return true;
    if (is_early_pass_) return false;
    begin_early_pass();
    return early_rows_ > 0;
}

void CsvParser::begin_early_pass() {
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].early_rows() > 0) {
            early_columns_.push_back(i);
            early_rows_ = std::max(early_rows_, columns_[i].early_rows());
        }
    is_early_pass_ = true;
    cursor_ = early_rows_ > 0 ? 0 : text_.size();
}

void CsvParser::add_row() {
    ++records_;
    if (is_unclosed_) {
        unclosed_row_ = records_;
    } else if (is_row()) {
        for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].add(cells_[i], rules_);
        ++rows_;
    } else if (!is_blank_row() && wrong_rows_++ == 0) {
        first_wrong_row_ = records_;
        first_wrong_cells_ = static_cast<Index>(cells_.size());
    }
}

bool CsvParser::is_blank_row() const {
    return std::all_of(cells_.begin(), cells_.end(), [](std::string_view cell) {
        return cell.find_first_not_of(" \t\v\f\r\n") == std::string_view::npos;
    });
}

bool CsvParser::at_line_end() const {
    return cursor_ == text_.size() || text_[cursor_] == '\n' || text_[cursor_] == '\r';
}

// Reads one record and its line end. An empty line has no cells.
void CsvParser::read_record() {
    cells_.clear();
    unquoted_.clear();
    if (!at_line_end()) {
        for (;;) {
            while (cursor_ < text_.size() && text_[cursor_] == ' ') ++cursor_;
            if (delimiter_ == ' ' && at_line_end() && !cells_.empty())
                break;  // blanks at the end of the line
            read_cell();
            if (at_line_end()) break;
            ++cursor_;  // the delimiter
        }
    }
    if (cursor_ < text_.size() && text_[cursor_] == '\r') ++cursor_;
    if (cursor_ < text_.size() && text_[cursor_] == '\n') ++cursor_;
}

void CsvParser::read_cell() {
    if (cursor_ < text_.size() && text_[cursor_] == '"') return read_quoted_cell();
    const std::size_t begin = cursor_;
    while (cursor_ < text_.size()) {
        const char c = text_[cursor_];
        if (c == delimiter_ || c == '\n' || c == '\r') break;
        ++cursor_;
    }
    cells_.push_back(text_.substr(begin, cursor_ - begin));
}

// Two quotes stand for one; text behind the closing quote belongs to the cell.
void CsvParser::read_quoted_cell() {
    const std::size_t begin = ++cursor_;
    std::size_t close = text_.find('"', begin);
    const bool is_simple =
        close != std::string_view::npos && (close + 1 == text_.size() || text_[close + 1] == delimiter_ ||
                                            text_[close + 1] == '\n' || text_[close + 1] == '\r');
    if (is_simple) {
        cells_.push_back(text_.substr(begin, close - begin));
        cursor_ = close + 1;
        return;
    }
    std::string& cell = unquoted_.emplace_back();
    for (;;) {
        close = text_.find('"', cursor_);
        if (close == std::string_view::npos) {
            is_unclosed_ = true;
            cursor_ = text_.size();
            break;
        }
        cell.append(text_.substr(cursor_, close - cursor_));
        cursor_ = close + 1;
        if (cursor_ == text_.size() || text_[cursor_] != '"') {
            const std::size_t rest = cursor_;
            while (!at_line_end() && text_[cursor_] != delimiter_) ++cursor_;
            cell.append(text_.substr(rest, cursor_ - rest));
            break;
        }
        cell.push_back('"');
        ++cursor_;
    }
    cells_.push_back(cell);
}

}  // namespace ds
