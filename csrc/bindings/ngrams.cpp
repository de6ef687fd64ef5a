// N-grams of Python's texts. Letters and lower case of Unicode are those of Python's `re` and `str.lower`.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>

#include "bindings/array.h"
#include "bindings/bind.h"
#include "core/check.h"
#include "text/ngrams.h"

namespace ds {
namespace {

constexpr Index kTextsPerPoll = Index{1} << 16;  // some ten milliseconds of work

bool is_word_character(char32_t c) { return Py_UNICODE_ISALNUM(static_cast<Py_UCS4>(c)) != 0; }

void add_text(TextBuffer& buffer, const py::handle& text) {
    if (!PyUnicode_Check(text.ptr()))
        throw py::type_error(error_text("texts", Py_TYPE(text.ptr())->tp_name, "only str"));
    if (PyUnicode_IS_ASCII(text.ptr())) {
        buffer.add_ascii({static_cast<const char*>(PyUnicode_DATA(text.ptr())),
                          static_cast<std::size_t>(PyUnicode_GET_LENGTH(text.ptr()))});
        return;
    }
    const py::object lower = text.attr("lower")();
    // A lone surrogate becomes a question mark: as little a part of a word, and one character.
    const auto utf8 =
        py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(lower.ptr(), "utf-8", "replace"));
    if (!utf8) throw py::error_already_set();
    buffer.add(std::string_view(utf8));
}

// Calls use(buffer, number of the first text) for all texts, a block at a time, without the GIL.
template <class Use>
void for_each_block(const py::list& list, Use use) {
    const py::tuple texts(list);  // another thread cannot change it
    const auto size = static_cast<Index>(texts.size());
    TextBuffer buffer;
    for (Index first = 0; first < size; first += kTextsPerPoll) {
        buffer.clear();
        for (Index i = first; i < std::min(size, first + kTextsPerPoll); ++i)
            add_text(buffer, texts[static_cast<std::size_t>(i)]);
        {
            const py::gil_scoped_release release;
            use(buffer, first);
        }
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
}

py::array ngram_matrix(const py::list& texts, const std::vector<Index>& buckets) {
    for (const Index bucket : buckets)
        if (bucket < 0 || bucket >= kBuckets)
            throw ValueError(error_text("buckets", std::to_string(bucket),
                                        "numbers from 0 to " + std::to_string(kBuckets - 1)));
    const NgramMatrix matrix(buckets, &is_word_character);
    py::array_t<bool> rows({static_cast<py::ssize_t>(texts.size()), py::ssize_t{matrix.columns()}});
    bool* const data = rows.mutable_data();
    for_each_block(texts, [&](const TextBuffer& block, Index first) {
        matrix.write(data + first * matrix.columns(), block);
    });
    return rows;
}

py::array ngram_frequencies(const py::list& texts, const py::object& counts, bool with_prefixes) {
    const py::array rows = require<std::int64_t>(counts, 1, "counts");
    if (rows.shape(0) != static_cast<py::ssize_t>(texts.size()))
        throw ValueError(
            error_text("counts", describe(rows), std::to_string(texts.size()) + " of the texts"));
    NgramFrequencies frequencies(with_prefixes, &is_word_character);
    for_each_block(texts, [&](const TextBuffer& block, Index first) {
        frequencies.add(block, data<std::int64_t>(rows) + first);
    });
    return py::array_t<std::int64_t>(py::ssize_t{kBuckets}, frequencies.of_buckets().data());
}

}  // namespace

void bind_ngrams(py::module_& m) {
    using py::literals::operator""_a;
    m.def("ngram_matrix", &ngram_matrix, "texts"_a, "buckets"_a,
          "Return whether each text contains an n-gram of each bucket, bool of shape (texts, buckets).");
    m.def("ngram_frequencies", &ngram_frequencies, "texts"_a, "counts"_a, "with_prefixes"_a,
          "Return the number of rows that contain an n-gram of each bucket, int64 of shape (buckets,). "
          "`counts` is "
          "the number of rows of each text.");
}

}  // namespace ds
