"""Texts of many values as a few numbers: whether frequent words and prefixes occur, found by hashing.

The n-grams of a text are its words, its pairs of neighbouring words, and the first one to three characters of
the text. The engine hashes each (CRC-32) to one of 4096 buckets of its kind; buckets that are neither rare nor
nearly constant over the training rows become features. No text is stored with the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .. import _core

BUCKETS = 3 * 4096
"""Number of buckets: first those of words, then those of pairs, then those of prefixes."""

MAX_FEATURES = 32
_MAX_TEXTS = 5000  # distinct texts, evenly spread, in which the frequent n-grams are sought
_MIN_ROWS = 8  # fewest training rows that contain, or lack, a feature
_MIN_SHARE = 0.01


def frequent_buckets(texts: list[str], counts: NDArray[np.int64], with_prefixes: bool = True) -> list[int]:
    """Return the buckets that become features, the most frequent first, at most `MAX_FEATURES`.

    Parameters
    ----------
    texts : list of str
        Distinct texts.
    counts : ndarray of int64, shape (texts,)
        Rows of each text.
    with_prefixes : bool, default=True
        Whether the first characters of the texts count, too.
    """
    step = max(1, -(-len(texts) // _MAX_TEXTS))
    texts, counts = texts[::step], np.ascontiguousarray(counts[::step])
    total = int(counts.sum())
    frequency = _core.ngram_frequencies(texts, counts, with_prefixes)
    least = max(_MIN_ROWS, int(_MIN_SHARE * total))
    kept = np.flatnonzero((frequency >= least) & (frequency <= total - least))
    order = kept[np.argsort(-frequency[kept], kind="stable")][: 4 * MAX_FEATURES].tolist()
    patterns: dict[bytes, int] = {}
    for bucket, column in zip(order, bucket_matrix(texts, order).T, strict=True):
        patterns.setdefault(column.tobytes(), bucket)  # buckets of the same rows count once
    return list(patterns.values())[:MAX_FEATURES]


def bucket_matrix(texts: list[str], buckets: Sequence[int]) -> NDArray[np.bool_]:
    """Return whether each text contains an n-gram of each bucket, shape (texts, buckets)."""
    return _core.ngram_matrix(texts, buckets)
