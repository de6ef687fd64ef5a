"""Validation of rows: inputs with their targets and weights, and the split into training and validation rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._config.model import ModelConfig
from .sparse import Inputs, as_inputs
from .targets import as_targets
from .weights import as_weights, with_class_weights

if TYPE_CHECKING:
    from .._config.net import NetConfig

Array = NDArray[Any]


class Batch(Protocol):
    """Inputs with their targets and weights; a row is a row of a table or a sequence."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Inputs, targets and weights in the form that the engine reads."""

    def take(self, order: Array) -> Self:
        """Return the rows numbered `order`."""

    def has_weight(self) -> bool:
        """Whether any row has a weight above 0."""

    def with_class_weights(self, class_weight: Any, config: Any) -> Self:
        """Return the same rows with each weight multiplied by the weight of the row's class."""


B = TypeVar("B", bound=Batch)


class Rows(NamedTuple):
    """Rows of a Net: inputs, targets and weights (None: all weights are 1)."""

    X: Inputs
    y: Array
    weights: Array | None

    @property
    def rows(self) -> int:
        return len(self.X)

    @property
    def arrays(self) -> tuple[Inputs, Array, Array | None]:
        return self

    def take(self, order: Array) -> Rows:
        return Rows(self.X[order], self.y[order], None if self.weights is None else self.weights[order])

    def has_weight(self) -> bool:
        return self.weights is None or bool(self.weights.any())

    def with_class_weights(self, class_weight: Any, config: NetConfig) -> Rows:
        return self._replace(weights=with_class_weights(self.weights, class_weight, self.y, config))


@dataclass(frozen=True)
class FitData(Generic[B]):
    """Training data and validation data of a fit."""

    training: B
    validation: B | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and validation rows."""
        return self.training.rows, 0 if self.validation is None else self.validation.rows

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Inputs, targets and weights of the training rows, then of the validation rows; None where absent."""
        held_out = (None, None, None) if self.validation is None else self.validation.arrays
        return (*self.training.arrays, *held_out)


def rows_of(config: NetConfig, X: Any, y: Any, weights: Any, prefix: str = "") -> Rows:
    """Validate inputs, targets and weights of one length; `prefix` precedes their names in messages."""
    dtype = np.dtype(config.dtype)
    inputs = as_inputs(X, dtype, config.inputs, f"{prefix}X")
    targets = as_targets(y, config, len(inputs), dtype, f"{prefix}y")
    return Rows(inputs, targets, as_weights(weights, len(inputs), dtype, f"{prefix}sample_weight"))


def validation_rows(config: NetConfig, validation_data: Any) -> Rows:
    """Validate the argument `validation_data` of `Net.fit`."""
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        got = type(validation_data).__name__
        if isinstance(validation_data, (tuple, list)):
            got = f"a {got} of {len(validation_data)}"
        raise TypeError(f"validation_data: got {got}; expected a tuple (X, y) or (X, y, sample_weight)")
    X, y, *rest = validation_data
    return rows_of(config, X, y, rest[0] if rest else None, "validation_data's ")


def fit_data(
    read: Callable[[], B],
    read_validation: Callable[[], B] | None,
    validation_fraction: float,
    class_weight: Any,
    config: ModelConfig,
) -> FitData[B]:
    """Validate the data of a fit, split off validation rows, and apply class weights to the training rows.

    Parameters
    ----------
    read : callable
        Function that validates and returns the rows passed as X and y.
    read_validation : callable or None
        Function that validates and returns the rows of `validation_data`, if that was passed.
    validation_fraction, class_weight
        The arguments of `fit`.
    config : ModelConfig
        Configuration of the model.

    Returns
    -------
    FitData
        Training rows with their final weights, and validation rows or None.

    Raises
    ------
    TypeError, ValueError
        For invalid data, or for both `validation_data` and `validation_fraction`.
    """
    rows = read()
    held_out: B | None = None
    if read_validation is not None:
        if validation_fraction:
            raise ValueError(
                f"validation_fraction: got {validation_fraction:g} and validation_data; expected only one of them"
            )
        held_out = read_validation()
    elif validation_fraction:
        rows, held_out = split(rows, validation_fraction, config.seed)
    return FitData(rows.with_class_weights(class_weight, config), held_out)


def split(rows: B, fraction: float, seed: int) -> tuple[B, B]:
    """Split into training and validation rows, each in the original order.

    The choice is a function of the number of rows and the seed alone.
    """
    from ..datasets import fixed_order

    count = rows.rows
    if count < 2:
        raise ValueError(f"validation_fraction: got {count} row; expected at least 2 rows to split")
    order = fixed_order(count, seed)
    cut = min(count - 1, max(1, round(count * fraction)))
    parts = rows.take(np.sort(order[cut:])), rows.take(np.sort(order[:cut]))
    for part, name in zip(parts, ("training", "validation"), strict=True):
        if not part.has_weight():
            raise ValueError(
                f"sample_weight: got only zeros in the {name} rows that validation_fraction selected; expected a "
                "weight above 0 (another seed selects other rows)"
            )
    return parts
