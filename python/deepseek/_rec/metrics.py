"""Metrics of a Rec: over sequences, over all valid steps, or over labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.rec import RecConfig
from .._data.packed import real_rows, starts_of
from .._metrics.text import edit_distance, error_rate
from .._net import metrics
from . import ctc
from .data import SequenceRows

Array = NDArray[Any]


def evaluation_metric(outputs: Array, data: SequenceRows, config: RecConfig) -> dict[str, float]:
    """Return {"accuracy": …} for classes, {"r2": …} for values, {"error_rate": …} for output "ctc".

    Parameters
    ----------
    outputs : ndarray of shape (sequences, outputs) or (Σ steps, outputs)
        Outputs of the model.
    data : SequenceRows
        Targets and weights.
    config : RecConfig
        Configuration of the model.
    """
    if config.output == "ctc":
        return {"error_rate": _error_rate(outputs, data)}
    if config.output == "next":  # the last step has no target
        outputs = outputs[real_rows(starts_of(data.X.lengths), data.X.lengths - 1)]
    return metrics.evaluation_metric(outputs, data.targets, data.target_weights, config)


def _error_rate(outputs: Array, data: SequenceRows) -> float:
    truth = [row.tolist() for row in data.labels]
    predicted = [ctc.greedy(probabilities).tolist() for probabilities in data.X.listed(outputs)]
    edits = [edit_distance(p, t) for p, t in zip(predicted, truth, strict=True)]
    return error_rate(np.array(edits), np.array([len(t) for t in truth]), data.target_weights)
