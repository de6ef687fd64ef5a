"""Rows at the door: inputs, targets and weights that belong together, and those kept out for validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._settings import Settings
from .inputs import as_matrix
from .targets import as_targets
from .weights import as_weights, with_class_weights

if TYPE_CHECKING:
    from .._net.config import NetConfig

Array = NDArray[Any]


class Batch(Protocol):
    """What belongs together, however a row looks."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    @property
    def arrays(self) -> tuple[Any, Any, Any]:
        """Inputs, targets and weights as the engine reads them."""

    def take(self, order: Array) -> Self:
        """Some of the rows."""

    def weighs(self) -> bool:
        """Whether any row counts."""

    def with_class_weights(self, class_weight: Any, config: Any) -> Self:
        """The same rows, each weighing also what its class does."""


B = TypeVar("B", bound=Batch)


class Rows(NamedTuple):
    """One set of rows of a Net."""

    X: Array
    y: Array
    weights: Array | None

    @property
    def rows(self) -> int:
        return len(self.X)

    @property
    def arrays(self) -> tuple[Array, Array, Array | None]:
        return self

    def take(self, order: Array) -> Rows:
        return Rows(self.X[order], self.y[order], None if self.weights is None else self.weights[order])

    def weighs(self) -> bool:
        return self.weights is None or bool(self.weights.any())

    def with_class_weights(self, class_weight: Any, config: NetConfig) -> Rows:
        return self._replace(weights=with_class_weights(self.weights, class_weight, self.y, config))


@dataclass(frozen=True)
class FitData(Generic[B]):
    """What a fit trains on and what it validates with."""

    training: B
    validation: B | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many rows each has."""
        return self.training.rows, 0 if self.validation is None else self.validation.rows

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Inputs, targets, weights, and the same of the validation rows; None where there is none."""
        held_out = (None, None, None) if self.validation is None else self.validation.arrays
        return (*self.training.arrays, *held_out)


def rows_of(config: NetConfig, X: Any, y: Any, weights: Any, prefix: str = "") -> Rows:
    """Inputs, targets and weights of the same length, checked."""
    dtype = np.dtype(config.dtype)
    inputs = as_matrix(X, dtype, config.inputs, f"{prefix}X")
    targets = as_targets(y, config, len(inputs), dtype, f"{prefix}y")
    return Rows(inputs, targets, as_weights(weights, len(inputs), dtype, f"{prefix}sample_weight"))


def validation_rows(config: NetConfig, given: Any) -> Rows:
    """What `Net.fit` was given as validation data, checked."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise TypeError("validation_data must be a tuple (X, y) or (X, y, sample_weight)")
    X, y, *rest = given
    return rows_of(config, X, y, rest[0] if rest else None, "validation_data's ")


def fit_data(
    read: Callable[[], B],
    read_validation: Callable[[], B] | None,
    validation_fraction: float,
    class_weight: Any,
    config: Settings,
) -> FitData[B]:
    """What a fit was given, checked; class weights are in the training rows' weights.

    Parameters
    ----------
    read : callable
        Returns all rows that are not validation data.
    read_validation : callable or None
        Returns those.
    validation_fraction, class_weight
        As `fit` takes them.
    config : Settings
    """
    rows = read()
    held_out: B | None = None
    if read_validation is not None:
        if validation_fraction:
            raise ValueError("give validation_data or validation_fraction, not both")
        held_out = read_validation()
    elif validation_fraction:
        rows, held_out = split(rows, validation_fraction, config.seed)
    return FitData(rows.with_class_weights(class_weight, config), held_out)


def split(rows: B, fraction: float, seed: int) -> tuple[B, B]:
    """Training and validation rows, each in their old order: a function of (number of rows, seed) alone."""
    from ..datasets import fixed_order

    count = rows.rows
    if count < 2:
        raise ValueError(f"validation_fraction needs at least 2 rows, got {count}")
    order = fixed_order(count, seed)
    cut = min(count - 1, max(1, round(count * fraction)))
    parts = rows.take(np.sort(order[cut:])), rows.take(np.sort(order[:cut]))
    for part, name in zip(parts, ("training", "validation"), strict=True):
        if not part.weighs():
            raise ValueError(f"sample_weight is all zero in the {name} rows that validation_fraction chose")
    return parts
