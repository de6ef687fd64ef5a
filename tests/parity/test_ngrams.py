"""Hashed n-grams of texts: the engine against the reference, which tokenises and lower-cases in Python."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepseek import _core
from deepseek._tables import ngrams
from deepseek.reference.ngrams import BUCKETS, SIZE, buckets_of, ngram_frequencies, ngram_matrix

# Letters whose lower case has another length, final sigmas, combining marks, digits of other scripts, CJK,
# emoji with joiners, blanks of Unicode, lone surrogates, and the edges of the sizes of UTF-8.
LETTERS = "aZ09_ -'\t\n\r\x1c\x85\xa0éÀİIıßẞΣσςǅŉ²½٣Ⅷ中文字々한가ไ๑ा́֒‿·\u200d\u2028\ufeff\ufffd"
EDGES = (
    "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0001f600\U0001f468\U00010400\U0001d7d9\U0010ffff\ud800\udfff"
)
ASCII = st.text(st.characters(max_codepoint=127), max_size=40)
PHRASES = st.lists(st.sampled_from(["Red", "red", "fast_2", "x", "ÉTÉ", "ΟΔΟΣ", "İzmir"]), max_size=6)
UNICODE = st.text(st.sampled_from(LETTERS + EDGES) | st.characters(exclude_categories=()), max_size=40)
TEXTS = st.lists(ASCII | UNICODE | PHRASES.map(" ".join), max_size=12)


@given(TEXTS, st.lists(st.integers(0, BUCKETS - 1), max_size=4))
@example(["", "\n", "a\nb", "ab cd ab cd", "İ", "ß é", "\ud800x y"], [])
def test_matrices(texts: list[str], others: list[int]) -> None:
    found = sorted(set().union(*map(buckets_of, texts))) + others
    for kind in (range(SIZE), range(SIZE, 2 * SIZE), range(2 * SIZE, BUCKETS), range(BUCKETS)):
        buckets = list(dict.fromkeys(bucket for bucket in found if bucket in kind))
        matrix = _core.ngram_matrix(texts, buckets)
        assert matrix.dtype == bool
        assert np.array_equal(matrix, ngram_matrix(texts, buckets))


@given(TEXTS, st.booleans(), st.data())
def test_frequencies(texts: list[str], with_prefixes: bool, data: st.DataObject) -> None:
    numbers = st.integers(1, 2**40)
    counts = np.array(data.draw(st.lists(numbers, min_size=len(texts), max_size=len(texts))), np.int64)
    frequencies = _core.ngram_frequencies(texts, counts, with_prefixes)
    assert frequencies.dtype == np.int64
    assert np.array_equal(frequencies, ngram_frequencies(texts, counts, with_prefixes))


def test_every_character_in_a_word_and_alone() -> None:
    r"""`\w` and `str.lower` of the engine are Python's on every plane of Unicode that has characters."""
    for first in [*range(0, 0x32000, 0x40), *range(0xE0000, 0xE0200, 0x40), 0x10FFC0]:
        texts = [" ".join(f"a{chr(code)}B {chr(code)}" for code in range(first, first + 0x40))]
        counts = np.ones(1, np.int64)
        words = _core.ngram_frequencies(texts, counts, False)
        assert np.array_equal(words, ngram_frequencies(texts, counts, False)), hex(first)


def test_many_texts_are_hashed_in_blocks() -> None:
    texts = [f"Word {i % 7} of {i}" for i in range(150_000)]
    counts = np.arange(150_000)
    buckets = [zlib.crc32(b"word") % SIZE, zlib.crc32(b"3") % SIZE, SIZE + zlib.crc32(b"word 3") % SIZE]
    rows = np.arange(150_000) % 7 == 3
    matrix = _core.ngram_matrix(texts, buckets)
    assert matrix[:, 0].all()
    assert matrix[rows, 2].all() and matrix[rows, 1].all()
    assert matrix[:, 2].sum() < 1.01 * rows.sum()
    assert _core.ngram_frequencies(texts, counts, False)[buckets[0]] == counts.sum()


def test_the_number_of_buckets_is_the_same_everywhere() -> None:
    assert ngrams.BUCKETS == BUCKETS == len(_core.ngram_frequencies([], np.empty(0, np.int64), True))


def test_wrong_arguments_are_named() -> None:
    one = np.ones(1, np.int64)
    with pytest.raises(TypeError, match="texts: got int; expected only str"):
        _core.ngram_matrix([1], [0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=f"buckets: got {BUCKETS}; expected numbers from 0 to {BUCKETS - 1}"):
        _core.ngram_matrix(["a"], [BUCKETS])
    with pytest.raises(ValueError, match="buckets: got -1"):
        _core.ngram_matrix(["a"], [-1])
    with pytest.raises(ValueError, match=r"counts: got int64 of shape \(1\); expected 2 of the texts"):
        _core.ngram_frequencies(["a", "b"], one, True)
    with pytest.raises(TypeError, match="counts: got float64"):
        _core.ngram_frequencies(["a"], np.ones(1), True)
