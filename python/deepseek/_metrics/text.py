"""Metrics of texts and other sequences of symbols: edit distance and error rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def edit_distance(predicted: Sequence[Any] | Array | str, target: Sequence[Any] | Array | str) -> int:
    """Return the edit distance: the fewest insertions, deletions and substitutions (Levenshtein 1966).

    Parameters
    ----------
    predicted, target : str, sequence or ndarray
        Sequences of characters, labels or words, compared by equality.

    Returns
    -------
    int
        Number of edits, at least 0.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    """
    columns = np.arange(len(target) + 1)
    row = columns.copy()
    codes: dict[Any, int] = {}
    codes_of_target = np.array([codes.setdefault(item, len(codes)) for item in _items(target)], np.int64)
    for item in _items(predicted):
        best = row + 1  # deletion
        substituted = row[:-1] + (codes_of_target != codes.get(item, -1))
        np.minimum(best[1:], substituted, out=best[1:])
        row = np.minimum.accumulate(best - columns) + columns  # insertion
    return int(row[-1])


def character_error_rate(predicted: Sequence[Any], target: Sequence[Any]) -> float:
    """Return the character error rate: edits per character of the targets.

    Parameters
    ----------
    predicted, target : sequence of str, sequence or ndarray
        Predictions and targets of equal number: texts, or label arrays as `Rec.decode` returns them.

    Returns
    -------
    float
        Σ edit distances / Σ target lengths. 0 is perfect; values above 1 are possible. If all targets are
        empty, the rate is 0 or infinity.

    Raises
    ------
    TypeError
        If two texts are passed instead of two lists of texts.
    ValueError
        If the numbers of predictions and targets differ.

    Examples
    --------
    >>> character_error_rate(["hallo", "world"], ["hello", "world"])
    0.1
    """
    if isinstance(predicted, str) or isinstance(target, str):
        raise TypeError(
            "predicted, target: got a text; expected lists (for two texts pass [predicted], [target])"
        )
    if len(predicted) != len(target):
        raise ValueError(
            f"predicted: got {len(predicted)} items; expected {len(target)}, as many as target has"
        )
    edits = [edit_distance(p, t) for p, t in zip(predicted, target, strict=True)]
    return error_rate(np.array(edits), np.array([len(t) for t in target]))


def error_rate(edits: Array, lengths: Array, weights: Array | None = None) -> float:
    """Return edits per symbol of the targets, with one weight per sequence."""
    w = np.ones(len(edits)) if weights is None else weights.astype(np.float64)
    total_edits, total_length = float(w @ edits), float(w @ lengths)
    if total_length > 0.0:
        return total_edits / total_length
    return float("inf") if total_edits else 0.0


def _items(sequence: Any) -> Any:
    return sequence.tolist() if isinstance(sequence, np.ndarray) else sequence
