"""Scores of a `TabularNet` on labelled rows, beside those of the trivial guess and of a linear model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tables.cells import listed, read_cells
from .._tables.target import TargetEncoder
from .conformal import interval_coverage, level_quantiles
from .inputs import warn
from .scores import class_scores, per_class, value_scores
from .state import FittedState
from .weights import known_weights

Array = NDArray[Any]


def known_targets(
    target: Array, encoder: TargetEncoder, decimal: str | None = None
) -> tuple[NDArray[np.bool_], Array]:
    """Return the mask of the rows whose target is known, and the encoded targets of these rows.

    A row without a target, or with a class that training did not see, is left out; one warning counts the latter.
    `decimal` is the decimal mark of the file, if known.
    """
    present = TargetEncoder.present(target)
    if encoder.classes is not None:
        cells = read_cells(target)
        new = [i for i, code in enumerate(encoder.codes(cells.texts, decimal)) if code < 0]
        if new:
            unknown = np.isin(cells.codes, new)
            warn(
                f"got {int(unknown.sum())} rows of the class {listed([cells.texts[i] for i in new], 3)}, which "
                "training did not see; they are not scored"
            )
            present &= ~unknown
    if not present.any():
        raise ValueError("y: got no row with a known target; expected at least one")
    return present, encoder.transform(target[present], decimal)


def scored_targets(
    target: Array,
    encoder: TargetEncoder,
    weights: NDArray[np.float64] | None,
    decimal: str | None = None,
) -> tuple[NDArray[np.bool_], Array, NDArray[np.float64] | None]:
    """Return the mask of the rows with a known target and a weight above 0, their encoded targets and their weights.

    The weights are not validated yet; None means 1.
    """
    known, targets = known_targets(target, encoder, decimal)
    if weights is None:
        return known, targets, None
    weights = known_weights(weights, known)
    counted = weights > 0.0
    return counted, targets[counted[known]], weights[counted]


def scores(
    state: FittedState, inputs: NDArray[np.float32], targets: Array, weights: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Return the scores of encoded rows; `TabularNet.evaluate` describes them."""
    if state.classes is None:
        mean = np.full(len(targets), state.mean)
        return {
            "rows": len(targets),
            **value_scores(state.values(inputs), targets, weights),
            "trivial": value_scores(mean, targets, weights),
            "linear": value_scores(state.linear_outputs(inputs), targets, weights),
            "coverage": interval_coverage(state.quantiles(inputs, level_quantiles()), targets, weights),
        }
    probabilities = state.probabilities(inputs)
    shares = np.tile(state.shares, (len(targets), 1))
    classes = dict(zip(state.target.labels, per_class(probabilities, targets, weights), strict=True))
    return {
        "rows": len(targets),
        **class_scores(probabilities, targets, weights),
        "trivial": class_scores(shares, targets, weights),
        "linear": class_scores(state.linear_outputs(inputs), targets, weights),
        "per_class": classes,
    }
