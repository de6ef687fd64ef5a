"""Texts of many values as a few numbers: whether frequent words and prefixes occur, found by hashing.

The n-grams of a text are its words, its pairs of neighbouring words, and the first one to three characters of
the text. Each is hashed (CRC-32) to one of 4096 buckets of its kind; buckets that are neither rare nor nearly
constant over the training rows become features. No text is stored with the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_SIZE = 4096
_WORDS, _PAIRS, _PREFIXES = range(3)
BUCKETS = 3 * _SIZE
"""Number of buckets: first those of words, then those of pairs, then those of prefixes."""

MAX_FEATURES = 32
_MAX_TEXTS = 5000  # distinct texts, evenly spread, in which the frequent n-grams are sought
_MIN_ROWS = 8  # fewest training rows that contain, or lack, a feature
_MIN_SHARE = 0.01
_TOKEN = re.compile(r"\w+|\n")

Ints = NDArray[np.int64]


class _BucketOf(dict[str, int]):
    """Bucket of each n-gram of one kind; hashes an n-gram when it is first asked for."""

    def __init__(self, kind: int) -> None:
        super().__init__()
        self._first = kind * _SIZE

    def __missing__(self, gram: str) -> int:
        bucket = self._first + crc32(gram.encode("utf-8", "replace")) % _SIZE
        self[gram] = bucket
        return bucket


def _buckets(grams: Iterable[str], kind: int, rows: int = -1) -> Ints:
    """Return the bucket of each n-gram of one kind, shape (n-grams,); -1 for a line end."""
    bucket_of = _BucketOf(kind)
    bucket_of["\n"] = -1
    return np.fromiter(map(bucket_of.__getitem__, grams), np.int64, rows)


def _hashed(texts: Sequence[str], kinds: Iterable[int]) -> tuple[Ints, Ints]:
    """Return the text and the bucket of each n-gram of some kinds, shape (n-grams,)."""
    lower = [text.lower().replace("\n", " ") for text in texts]
    kinds = set(kinds)
    rows: list[Ints] = [np.empty(0, np.int64)]
    buckets: list[Ints] = [np.empty(0, np.int64)]
    if kinds & {_WORDS, _PAIRS}:
        tokens = _TOKEN.findall("\n".join(lower))
        words = _buckets(tokens, _WORDS, len(tokens))
        is_word = words >= 0
        row_of = np.cumsum(~is_word, dtype=np.int64)
        if _WORDS in kinds:
            rows.append(row_of[is_word])
            buckets.append(words[is_word])
        if _PAIRS in kinds:
            is_pair = is_word[1:] & is_word[:-1]
            rows.append(row_of[1:][is_pair])
            buckets.append(_buckets(map(" ".join, pairwise(tokens)), _PAIRS)[is_pair])
    if _PREFIXES in kinds:
        for length in (1, 2, 3):
            rows.append(np.arange(len(lower)))
            buckets.append(_buckets([f"{length} {text[:length]}" for text in lower], _PREFIXES, len(lower)))
    return np.concatenate(rows), np.concatenate(buckets)


def frequent_buckets(texts: Sequence[str], counts: Ints, with_prefixes: bool = True) -> list[int]:
    """Return the buckets that become features, the most frequent first, at most `MAX_FEATURES`.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    counts : ndarray of int64, shape (texts,)
        Rows of each text.
    with_prefixes : bool, default=True
        Whether the first characters of the texts count, too.
    """
    step = -(-len(texts) // _MAX_TEXTS)
    texts, counts = texts[::step], counts[::step]
    total = int(counts.sum())
    kinds = (_WORDS, _PAIRS, _PREFIXES) if with_prefixes else (_WORDS, _PAIRS)
    rows, buckets = _hashed(texts, kinds)
    once = np.unique(rows * BUCKETS + buckets)  # each bucket counts once a text
    frequency = np.bincount(once % BUCKETS, counts[once // BUCKETS], BUCKETS)
    least = max(_MIN_ROWS, int(_MIN_SHARE * total))
    kept = np.flatnonzero((frequency >= least) & (frequency <= total - least))
    order = kept[np.argsort(-frequency[kept], kind="stable")][: 4 * MAX_FEATURES]
    columns = bucket_matrix(texts, order.tolist())
    patterns: dict[bytes, int] = {}
    for position, bucket in enumerate(order.tolist()):  # buckets of the same rows count once
        patterns.setdefault(columns[:, position].tobytes(), bucket)
    return list(patterns.values())[:MAX_FEATURES]


def bucket_matrix(texts: Sequence[str], buckets: Sequence[int]) -> NDArray[np.float32]:
    """Return 1 where a text contains an n-gram of a bucket and 0 elsewhere, shape (texts, buckets)."""
    matrix = np.zeros((len(texts), len(buckets)), np.float32)
    column_of = np.full(BUCKETS, -1)
    column_of[list(buckets)] = np.arange(len(buckets))
    rows, found = _hashed(texts, {bucket // _SIZE for bucket in buckets})
    columns = column_of[found]
    kept = columns >= 0
    matrix[rows[kept], columns[kept]] = 1.0
    return matrix
