"""Figures of merit that NumPy does not have: of texts, and of samples beside data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._gen.metrics import frechet as frechet_distance
from ._gen.metrics import mmd as maximum_mean_discrepancy

__all__ = ["character_error_rate", "edit_distance", "frechet_distance", "maximum_mean_discrepancy"]

Array = NDArray[Any]


def edit_distance(predicted: Sequence[Any] | Array | str, target: Sequence[Any] | Array | str) -> int:
    """Fewest insertions, deletions and substitutions that make one sequence the other (Levenshtein 1966).

    Parameters
    ----------
    predicted, target : str, sequence or ndarray
        Of characters, labels or words; only whether two are equal matters.

    Returns
    -------
    int

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    """
    columns = np.arange(len(target) + 1)
    row = columns.copy()
    codes: dict[Any, int] = {}
    wanted = np.array([codes.setdefault(item, len(codes)) for item in _items(target)], np.int64)
    for item in _items(predicted):
        best = row + 1  # deleted
        np.minimum(best[1:], row[:-1] + (wanted != codes.get(item, -1)), out=best[1:])  # kept or replaced
        row = np.minimum.accumulate(best - columns) + columns  # inserted
    return int(row[-1])


def character_error_rate(predicted: Sequence[Any], target: Sequence[Any]) -> float:
    """Edits that the predictions need, for each character of the targets.

    Parameters
    ----------
    predicted, target : sequence of str, sequence or ndarray
        As many predictions as targets: texts, or what `Rec.decode` returns and `Rec.fit` takes.

    Returns
    -------
    float
        Σ edit distances / Σ lengths of the targets: 0 is perfect, and it may exceed 1. If all targets are
        empty, 0 or infinity.

    Raises
    ------
    TypeError
        For two texts instead of two lists of texts.
    ValueError
        If there are not as many predictions as targets.

    Examples
    --------
    >>> character_error_rate(["hallo", "world"], ["hello", "world"])
    0.1
    """
    if isinstance(predicted, str) or isinstance(target, str):
        raise TypeError("predicted and target must be lists; for two single texts give [predicted], [target]")
    if len(predicted) != len(target):
        raise ValueError(f"predicted must be as many as target: {len(target)}, got {len(predicted)}")
    edits = [edit_distance(p, t) for p, t in zip(predicted, target, strict=True)]
    return rate(np.array(edits), np.array([len(t) for t in target]))


def rate(edits: Array, lengths: Array, weights: Array | None = None) -> float:
    """Edits a character, each sequence with its weight."""
    w = np.ones(len(edits)) if weights is None else weights.astype(np.float64)
    done, there = float(w @ edits), float(w @ lengths)
    if there > 0.0:
        return done / there
    return float("inf") if done else 0.0


def _items(sequence: Any) -> Any:
    return sequence.tolist() if isinstance(sequence, np.ndarray) else sequence
