// The parser of text tables, and its columns as NumPy arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "bindings/bind.h"
#include "core/check.h"
#include "csv/parser.h"

namespace ds {
namespace {

namespace py = pybind11;

constexpr Index kBytesPerPoll = Index{1} << 22;  // a few milliseconds of work

py::object column_to_python(const CsvColumn& column) {
    if (column.is_numeric()) {
        const std::vector<double>& numbers = column.numbers();
        const auto size = static_cast<py::ssize_t>(numbers.size());
        if (!column.is_whole()) return py::array_t<double>(size, numbers.data());
        py::array_t<std::int64_t> whole(size);
        std::transform(numbers.begin(), numbers.end(), whole.mutable_data(),
                       [](double value) { return static_cast<std::int64_t>(value); });
        return whole;
    }
    std::vector<std::int64_t> codes;
    py::list texts;
    for (const std::string_view text : column.texts(codes)) texts.append(py::str(text.data(), text.size()));
    return py::make_tuple(texts,
                          py::array_t<std::int64_t>(static_cast<py::ssize_t>(codes.size()), codes.data()));
}

py::dict parse_csv(const py::bytes& data, Index start, Index columns, const std::string& delimiter,
                   bool point_is_text, std::vector<std::string> missing) {
    const std::string_view text = data;
    if (start < 0 || start > static_cast<Index>(text.size()))
        throw ValueError("start: got " + std::to_string(start) + "; expected an offset within the data");
    if (columns < 1) throw ValueError("columns: got " + std::to_string(columns) + "; expected at least 1");
    if (delimiter.size() != 1)
        throw ValueError("delimiter: got \"" + delimiter + "\"; expected one ASCII character");
    CsvParser parser(text.substr(static_cast<std::size_t>(start)), columns, delimiter[0],
                     {std::move(missing), point_is_text});
    for (bool is_left = true; is_left;) {
        {
            const py::gil_scoped_release release;
            is_left = parser.step(kBytesPerPoll);
        }
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
    py::list arrays;
    for (const CsvColumn& column : parser.columns()) arrays.append(column_to_python(column));
    using py::literals::operator""_a;
    return py::dict("rows"_a = parser.rows(), "columns"_a = arrays, "wrong_rows"_a = parser.wrong_rows(),
                    "first_wrong_row"_a = parser.first_wrong_row(),
                    "first_wrong_cells"_a = parser.first_wrong_cells(),
                    "unclosed_row"_a = parser.unclosed_row());
}

}  // namespace

void bind_csv(py::module_& m) {
    using py::literals::operator""_a;
    m.def("parse_csv", &parse_csv, "data"_a, "start"_a, "columns"_a, "delimiter"_a, "point_is_text"_a,
          "missing"_a,
          "Parse comma-separated values in UTF-8 from an offset on. A column is an array of int64 or float64 "
          "numbers, or a list of distinct texts and the code of each row.");
}

}  // namespace ds
