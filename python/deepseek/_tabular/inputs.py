"""Features of a table as inputs of the members: scaled numbers, their piecewise-linear encoding, one-hot codes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tables.arrays import Columns
from .._tables.column_encoders import ColumnEncoder
from .._tables.encoders.dates import DateEncoder
from .._tables.encoders.numbers import NumberEncoder
from .._tables.feature_rows import Features
from .._tables.features import FeatureEncoder
from .piecewise import PiecewiseEncoder
from .recipe import InputShape

_PACKAGE = str(Path(__file__).parent.parent)


def warn(message: str) -> None:
    """Issue a UserWarning for the line outside of this package that led to the call."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


class InputEncoder:
    """Encoder of the feature columns of a table as one matrix.

    Its inputs are, in this order: the scaled numbers and dates ("continuous"); indicators, booleans, calendar parts and
    n-grams; one-hot codes; the piecewise-linear encoding of the continuous ones.

    Parameters
    ----------
    features : FeatureEncoder
        Encoder of the columns.
    piecewise : PiecewiseEncoder
        Encoder of the continuous inputs.
    """

    def __init__(self, features: FeatureEncoder, piecewise: PiecewiseEncoder) -> None:
        self.features = features
        self.piecewise = piecewise
        names = [(column, k) for column in features.columns for k in range(len(column.numbers))]
        first = [i for i, (column, k) in enumerate(names) if k == 0 and _is_continuous(column)]
        others = [i for i in range(len(names)) if i not in set(first)]
        self.continuous = len(first)
        self._order = np.array(first + others, np.int64)

    @staticmethod
    def fit(
        columns: Columns, kinds: Mapping[str, str] | None, drop: Iterable[str]
    ) -> tuple[InputEncoder, NDArray[np.float32]]:
        """Return the encoder for the columns of the training rows, and their inputs.

        Parameters
        ----------
        columns : Columns
            Feature columns.
        kinds, drop
            Options of `FeatureEncoder.fit`.
        """
        features = FeatureEncoder.fit(columns, kinds=kinds, drop=drop)
        rows = features.transform(columns)
        encoder = InputEncoder(features, PiecewiseEncoder([]))
        encoder.piecewise = PiecewiseEncoder.fit(rows.numbers[:, encoder._order[: encoder.continuous]])
        return encoder, encoder._matrix(rows)

    @property
    def width(self) -> int:
        """Number of inputs."""
        return self.linear_width + self.piecewise.width

    @property
    def linear_width(self) -> int:
        """Number of leading inputs, those without the piecewise-linear encoding; a linear model uses them."""
        codes = sum(size - 1 for column in self.features.columns for size in column.sizes.values())
        return len(self._order) + codes

    @property
    def shape(self) -> InputShape:
        """Numbers of inputs."""
        return InputShape(self.continuous, self.linear_width, self.width)

    @property
    def number_order(self) -> NDArray[np.int64]:
        """Positions of the numeric inputs in the order of the columns, continuous ones first."""
        return self._order

    @property
    def names(self) -> list[str]:
        """Names of the inputs."""
        return [name for _, name in self._sources()]

    @property
    def positions(self) -> dict[str, list[int]]:
        """Positions of the inputs of each column of the table."""
        found: dict[str, list[int]] = {column.name: [] for column in self.features.columns}
        for position, (column, _) in enumerate(self._sources()):
            found[column].append(position)
        return found

    def _sources(self) -> list[tuple[str, str]]:
        """Return the column and the name of each input."""
        columns = self.features.columns
        numbers = [(column.name, name) for column in columns for name in column.numbers]
        numbers = [numbers[i] for i in self._order]
        codes = [
            (column.name, f"{name} {code}")
            for column in columns
            for name, size in column.sizes.items()
            for code in range(1, size)
        ]
        bins = [
            (column, f"{name} bin {i}")
            for (column, name), edges in zip(numbers[: self.continuous], self.piecewise.edges, strict=True)
            for i in range(1, len(edges))
        ]
        return numbers + codes + bins

    def transform(self, columns: Columns) -> NDArray[np.float32]:
        """Return the inputs of rows, shape (rows, width); warn once of values that the training did not see."""
        rows = self.features.transform(columns)
        message = rows.warning()
        if message is not None:
            warn(message)
        return self._matrix(rows)

    def _matrix(self, rows: Features) -> NDArray[np.float32]:
        linear, numbers = rows.matrix(), len(self._order)
        result = np.empty((len(linear), self.width), np.float32)
        result[:, :numbers] = rows.numbers[:, self._order]
        result[:, numbers : self.linear_width] = linear[:, numbers:]
        self.piecewise.transform(result[:, : self.continuous], result[:, self.linear_width :])
        return result

    def to_config(self) -> dict[str, Any]:
        """Return plain values for a file."""
        return {"features": self.features.to_config(), "bins": self.piecewise.to_config()}

    @staticmethod
    def from_config(config: Any) -> InputEncoder:
        """Return the encoder that `to_config` wrote; raise KeyError, TypeError or ValueError for anything else."""
        encoder = InputEncoder(FeatureEncoder.from_config(config["features"]), PiecewiseEncoder([]))
        encoder.piecewise = PiecewiseEncoder.from_config(config["bins"], encoder.continuous)
        return encoder


def _is_continuous(column: ColumnEncoder) -> bool:
    """Whether the first numeric input of a column is a scaled number or date."""
    return isinstance(column, (NumberEncoder, DateEncoder)) and column.factor > 0
