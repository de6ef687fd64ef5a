"""Hashed n-grams of texts in Python and NumPy. Mirrors ``csrc/text``.

The n-grams of a text are its words, its pairs of neighbouring words, and its first one to three characters, all
in lower case. The CRC-32 of an n-gram chooses one of the 4096 buckets of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SIZE = 4096
BUCKETS = 3 * SIZE
"""Number of buckets: first those of words, then those of pairs, then those of prefixes."""


def _bucket(gram: str, kind: int) -> int:
    return kind * SIZE + crc32(gram.encode("utf-8", "replace")) % SIZE


def buckets_of(text: str) -> set[int]:
    """Return the buckets of the n-grams of a text."""
    text = text.lower().replace("\n", " ")
    words = re.findall(r"\w+", text)
    return {
        *(_bucket(word, 0) for word in words),
        *(_bucket(" ".join(pair), 1) for pair in pairwise(words)),
        *(_bucket(f"{length} {text[:length]}", 2) for length in (1, 2, 3)),
    }


def ngram_matrix(texts: Sequence[str], buckets: Sequence[int]) -> NDArray[np.bool_]:
    """Return whether each text contains an n-gram of each bucket, shape (texts, buckets)."""
    rows = [[bucket in found for bucket in buckets] for found in map(buckets_of, texts)]
    return np.array(rows, bool).reshape(len(texts), len(buckets))


def ngram_frequencies(
    texts: Sequence[str], counts: NDArray[np.int64], with_prefixes: bool
) -> NDArray[np.int64]:
    """Return the number of rows that contain an n-gram of each bucket, shape (buckets,)."""
    frequencies = np.zeros(BUCKETS, np.int64)
    for text, count in zip(texts, counts.tolist(), strict=True):
        frequencies[list(buckets_of(text))] += count
    if not with_prefixes:
        frequencies[2 * SIZE :] = 0
    return frequencies
