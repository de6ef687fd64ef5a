#include "text/ngrams.h"

#include <algorithm>
#include <array>

namespace ds {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t state = byte;
        for (int bit = 0; bit < 8; ++bit) state = state & 1 ? state >> 1 ^ 0xEDB88320u : state >> 1;
        table[byte] = state;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();
constexpr std::uint32_t kCrcStart = 0xFFFFFFFFu;  // the CRC of a text is the complement of its last state

std::uint32_t extend_crc(std::uint32_t state, char c) {
    return kCrcTable[(state ^ static_cast<unsigned char>(c)) & 0xFF] ^ state >> 8;
}

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

constexpr std::array<bool, 256> make_ascii_words() {
    std::array<bool, 256> is_word{};
    for (std::size_t c = 0; c < 26; ++c) is_word['A' + c] = is_word['a' + c] = true;
    for (std::size_t c = 0; c < 10; ++c) is_word['0' + c] = true;
    is_word['_'] = true;
    return is_word;
}

constexpr std::array<bool, 256> kIsAsciiWord = make_ascii_words();

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The character of more than one byte that begins at text[i], and its size in bytes.
char32_t decode(std::string_view text, std::size_t i, std::size_t& size) {
    const auto lead = static_cast<unsigned char>(text[i]);
    size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t character = lead & (0x7Fu >> size);
    for (std::size_t k = 1; k < size; ++k)
        character = character << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    return character;
}

// Size in bytes of the character at text[i] if it is part of a word, else 0.
std::size_t word_character(std::string_view text, std::size_t i, IsWordCharacter is_word) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (kIsAsciiWord[first]) return 1;
    if (first < 0x80) return 0;
    std::size_t size = 0;
    return is_word(decode(text, i, size)) ? size : 0;
}

Index bucket(Index kind, std::uint32_t state) {
    return kind * kBucketsPerKind + static_cast<Index>(~state) % kBucketsPerKind;
}

// Calls visit(bucket) for the words of a text and the pairs of neighbouring words, joined by a blank.
template <class Visit>
void visit_words(std::string_view text, IsWordCharacter is_word, Visit visit) {
    std::uint32_t pair = 0;  // state after the word before and a blank
    bool has_word_before = false;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t size = word_character(text, i, is_word);
        if (size == 0) {
            ++i;  // bytes of a character that is part of no word
            while (i < text.size() && is_continuation(text[i])) ++i;
            continue;
        }
        std::uint32_t word = kCrcStart;
        do {
            for (const std::size_t end = i + size; i < end; ++i) {
                word = extend_crc(word, text[i]);
                pair = extend_crc(pair, text[i]);
            }
            size = i < text.size() ? word_character(text, i, is_word) : 0;
        } while (size > 0);
        visit(bucket(0, word));
        if (has_word_before) visit(bucket(1, pair));
        pair = extend_crc(word, ' ');
        has_word_before = true;
    }
}

// Calls visit(bucket) for the first one, two and three characters of a text; a line end counts as a blank.
template <class Visit>
void visit_prefixes(std::string_view text, Visit visit) {
    std::size_t end = 0;
    for (const char length : {'1', '2', '3'}) {
        if (end < text.size()) ++end;
        while (end < text.size() && is_continuation(text[end])) ++end;
        std::uint32_t state = extend_crc(extend_crc(kCrcStart, length), ' ');
        for (const char c : text.substr(0, end)) state = extend_crc(state, c == '\n' ? ' ' : c);
        visit(bucket(2, state));
    }
}

}  // namespace

void TextBuffer::add(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
}

void TextBuffer::add_ascii(std::string_view text) {
    const std::size_t begin = bytes_.size();
    add(text);
    std::transform(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), bytes_.end(),
                   bytes_.begin() + static_cast<std::ptrdiff_t>(begin),
                   [](char c) { return is_upper(c) ? static_cast<char>(c | 0x20) : c; });
}

void TextBuffer::clear() {
    bytes_.clear();
    ends_.clear();
}

std::string_view TextBuffer::operator[](Index i) const {
    const std::size_t begin = i > 0 ? ends_[static_cast<std::size_t>(i - 1)] : 0;
    return std::string_view(bytes_).substr(begin, ends_[static_cast<std::size_t>(i)] - begin);
}

NgramMatrix::NgramMatrix(const std::vector<Index>& buckets, IsWordCharacter is_word)
    : column_of_(kBuckets, -1), columns_(static_cast<Index>(buckets.size())), is_word_(is_word) {
    for (std::size_t j = 0; j < buckets.size(); ++j)
        column_of_[static_cast<std::size_t>(buckets[j])] = static_cast<Index>(j);
    const auto has = [&](Index kind) {
        return std::any_of(buckets.begin(), buckets.end(),
                           [&](Index b) { return b / kBucketsPerKind == kind; });
    };
    has_words_ = has(0) || has(1);
    has_prefixes_ = has(2);
}

void NgramMatrix::write(bool* rows, const TextBuffer& texts) const {
    std::fill_n(rows, texts.size() * columns_, false);
    for (Index i = 0; i < texts.size(); ++i, rows += columns_) {
        const auto mark = [&](Index b) {
            const Index column = column_of_[static_cast<std::size_t>(b)];
            if (column >= 0) rows[column] = true;
        };
        if (has_words_) visit_words(texts[i], is_word_, mark);
        if (has_prefixes_) visit_prefixes(texts[i], mark);
    }
}

NgramFrequencies::NgramFrequencies(bool with_prefixes, IsWordCharacter is_word)
    : frequencies_(kBuckets), last_text_(kBuckets, -1), with_prefixes_(with_prefixes), is_word_(is_word) {}

void NgramFrequencies::add(const TextBuffer& texts, const std::int64_t* rows) {
    for (Index i = 0; i < texts.size(); ++i, ++texts_) {
        const auto count = [&](Index b) {
            const auto k = static_cast<std::size_t>(b);
            if (last_text_[k] == texts_) return;
            last_text_[k] = texts_;
            frequencies_[k] += rows[i];
        };
        visit_words(texts[i], is_word_, count);
        if (with_prefixes_) visit_prefixes(texts[i], count);
    }
}

}  // namespace ds
