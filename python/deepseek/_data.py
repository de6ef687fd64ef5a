"""Rows at the door: inputs, targets and weights that belong together, and those kept out for validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._config import NetConfig
from ._inputs import as_matrix
from ._targets import as_targets
from ._weights import as_weights, with_class_weights

Array = NDArray[Any]


class Rows(NamedTuple):
    """One set of rows as the engine reads it."""

    X: Array
    y: Array
    weights: Array | None

    def take(self, order: Array) -> Rows:
        """Some of the rows."""
        return Rows(self.X[order], self.y[order], None if self.weights is None else self.weights[order])


@dataclass(frozen=True)
class FitData:
    """What a fit trains on and what it validates with."""

    training: Rows
    validation: Rows | None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many rows each has."""
        return len(self.training.X), 0 if self.validation is None else len(self.validation.X)

    @property
    def arrays(self) -> tuple[Array | None, ...]:
        """X, y, weights, and the same of the validation rows; None where there is none."""
        return (*self.training, *(self.validation or (None, None, None)))


def rows_of(config: NetConfig, X: Any, y: Any, weights: Any, prefix: str = "") -> Rows:
    """Inputs, targets and weights of the same length, checked."""
    dtype = np.dtype(config.dtype)
    inputs = as_matrix(X, dtype, config.inputs, f"{prefix}X")
    targets = as_targets(y, config, len(inputs), dtype, f"{prefix}y")
    return Rows(inputs, targets, as_weights(weights, len(inputs), dtype, f"{prefix}sample_weight"))


def fit_data(
    config: NetConfig,
    X: Any,
    y: Any,
    weights: Any,
    class_weight: Any,
    validation_data: Any = None,
    validation_fraction: float = 0.0,
) -> FitData:
    """What `Net.fit` was given, checked; class weights are in the training rows' weights."""
    rows = rows_of(config, X, y, weights)
    held_out: Rows | None = None
    if validation_data is not None:
        if validation_fraction:
            raise ValueError("give validation_data or validation_fraction, not both")
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
            raise TypeError("validation_data must be a tuple (X, y) or (X, y, sample_weight)")
        Xv, yv, *rest = validation_data
        held_out = rows_of(config, Xv, yv, rest[0] if rest else None, "validation_data's ")
    elif validation_fraction:
        rows, held_out = split(rows, validation_fraction, config.seed)
    weighted = with_class_weights(rows.weights, class_weight, rows.y, config)
    return FitData(rows._replace(weights=weighted), held_out)


def split(rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Training and validation rows, each in their old order: a function of (number of rows, seed) alone."""
    from .datasets import fixed_order

    count = len(rows.X)
    if count < 2:
        raise ValueError(f"validation_fraction needs at least 2 rows, got {count}")
    order = fixed_order(count, seed)
    cut = min(count - 1, max(1, round(count * fraction)))
    parts = rows.take(np.sort(order[cut:])), rows.take(np.sort(order[:cut]))
    for part, name in zip(parts, ("training", "validation"), strict=True):
        if part.weights is not None and not part.weights.any():
            raise ValueError(f"sample_weight is all zero in the {name} rows that validation_fraction chose")
    return parts
