// N-grams of texts, hashed: words, pairs of neighbouring words, and prefixes of one to three characters. The
// CRC-32 of an n-gram chooses one of the buckets of its kind.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace ds {

// Buckets of each kind, and of all: first those of words, then those of pairs, then those of prefixes.
inline constexpr Index kBucketsPerKind = 4096;
inline constexpr Index kBuckets = 3 * kBucketsPerKind;

// Texts in UTF-8 and lower case, one after the other.
class TextBuffer {
public:
    void add(std::string_view text);        // valid UTF-8 in lower case
    void add_ascii(std::string_view text);  // ASCII in any case
    void clear();
    Index size() const { return static_cast<Index>(ends_.size()); }
    std::string_view operator[](Index i) const;

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

// Whether a character above U+007F is part of a word.
using IsWordCharacter = bool (*)(char32_t);

// Marks the buckets of the n-grams that each text contains.
class NgramMatrix {
public:
    // The columns of the matrix are `buckets`, each below kBuckets.
    NgramMatrix(const std::vector<Index>& buckets, IsWordCharacter is_word);

    // Writes a row of 0 and 1 for each text.
    void write(bool* rows, const TextBuffer& texts) const;
    Index columns() const { return columns_; }

private:
    std::vector<Index> column_of_;  // of each bucket; -1: none
    Index columns_;
    bool has_words_, has_prefixes_;  // words: or pairs of them
    IsWordCharacter is_word_;
};

// Counts the rows that contain an n-gram of each bucket.
class NgramFrequencies {
public:
    NgramFrequencies(bool with_prefixes, IsWordCharacter is_word);

    // Adds texts, of which each stands in a number of rows.
    void add(const TextBuffer& texts, const std::int64_t* rows);
    const std::vector<std::int64_t>& of_buckets() const { return frequencies_; }

private:
    std::vector<std::int64_t> frequencies_;
    std::vector<Index> last_text_;  // that contains the bucket, so that it counts once a text
    Index texts_ = 0;
    bool with_prefixes_;
    IsWordCharacter is_word_;
};

}  // namespace ds
