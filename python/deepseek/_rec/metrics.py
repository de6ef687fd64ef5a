"""Figures of merit of a Rec: over sequences, over all real steps, or over labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._data.packed import real_rows, starts_of
from .._net import metrics
from ..metrics import edit_distance, rate
from . import ctc
from .config import RecConfig
from .data import SequenceRows

Array = NDArray[Any]


def figure_of_merit(outputs: Array, data: SequenceRows, config: RecConfig) -> dict[str, float]:
    """{"accuracy": …} for classes, {"r2": …} for values, {"error_rate": …} for labels.

    Parameters
    ----------
    outputs : ndarray
        Of all sequences (sequences, outputs), or of all their steps (Σ steps, outputs).
    data : SequenceRows
    config : RecConfig
    """
    if config.output == "ctc":
        return {"error_rate": _error_rate(outputs, data)}
    if config.output == "next":  # nothing follows the last step
        outputs = outputs[real_rows(starts_of(data.X.lengths), data.X.lengths - 1)]
    return metrics.figure_of_merit(outputs, data.targets, data.target_weights, config)


def _error_rate(outputs: Array, data: SequenceRows) -> float:
    truth = [row.tolist() for row in data.labels]
    found = [ctc.greedy(probabilities).tolist() for probabilities in data.X.listed(outputs)]
    edits = [edit_distance(p, t) for p, t in zip(found, truth, strict=True)]
    return rate(np.array(edits), np.array([len(t) for t in truth]), data.target_weights)
