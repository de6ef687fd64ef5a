"""From the cells of a CSV file to the numbers of a Net, and back.

A recipe is learned once (``learn.py``), stored as plain JSON in the model file, and is all that ``predict`` needs.
Numeric columns are standardised; columns of text become one column per category seen in training; the target is
class labels or standardised values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .csvfile import Table, listed, numbers, shortened
from .parser import InputError

_FARTHEST = 1e30  # standard deviations; beyond, float32 would overflow in the first layer


@dataclass
class Numeric:
    """A column of numbers, standardised with the training rows' mean and scale."""

    name: str
    mean: float
    scale: float

    width = 1

    def encode(self, table: Table, out: NDArray[np.float32]) -> None:
        """Fill ``out``, (rows, 1), with the column's values."""
        values = (numbers(table, self.name) - self.mean) / self.scale
        far = np.flatnonzero(np.abs(values) > _FARTHEST)
        if far.size:
            raise InputError(
                f"{table.where(int(far[0]), self.name)}: the value is absurdly far from the training data"
            )
        out[:, 0] = values


@dataclass
class Categorical:
    """A column of text, one output column per category."""

    name: str
    categories: list[str]

    @property
    def width(self) -> int:
        """How many inputs of the network it takes."""
        return len(self.categories)

    def encode(self, table: Table, out: NDArray[np.float32]) -> None:
        """Fill ``out``, (rows, categories) of zeros, with one 1 per row."""
        out[np.arange(len(table)), _positions(table, self.name, self.categories)] = 1.0


@dataclass
class Target:
    """The column to predict: classes if ``labels`` is given, else values with a mean and a scale."""

    name: str
    labels: list[str] | None = None
    mean: float = 0.0
    scale: float = 1.0

    def encode(self, table: Table) -> NDArray[Any]:
        """Return class indices (int64) or standardised values (float64, one column)."""
        if self.labels is not None:
            return _positions(table, self.name, self.labels)
        return ((numbers(table, self.name) - self.mean) / self.scale)[:, None]


@dataclass
class Recipe:
    """How to read a CSV file for one model."""

    features: list[Numeric | Categorical]
    target: Target

    @property
    def width(self) -> int:
        """The network's number of inputs."""
        return sum(feature.width for feature in self.features)

    def encode(self, table: Table) -> NDArray[np.float32]:
        """Return the network's inputs, (rows, width)."""
        inputs = np.zeros((len(table), self.width), dtype=np.float32)
        first = 0
        for feature in self.features:
            feature.encode(table, inputs[:, first : first + feature.width])
            first += feature.width
        return inputs

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a model file."""
        return {"features": [asdict(f) for f in self.features], "target": asdict(self.target)}

    @staticmethod
    def from_json(data: object) -> Recipe:
        """Rebuild a recipe, trusting nothing about ``data``."""
        try:
            features = [_feature(item) for item in data["features"]]  # type: ignore[index]
            target = data["target"]  # type: ignore[index]
            labels = None if target["labels"] is None else _names(target["labels"])
            (name,), (mean, scale) = _names([target["name"]]), _sound(target)
        except (KeyError, TypeError, ValueError):
            raise InputError("the model's notes on its CSV columns are damaged") from None
        return Recipe(features, Target(name, labels, mean, scale))


def _feature(item: Mapping[str, Any]) -> Numeric | Categorical:
    (name,) = _names([item["name"]])
    return (
        Categorical(name, _names(item["categories"]))
        if "categories" in item
        else Numeric(name, *_sound(item))
    )


def _names(items: Sequence[object]) -> list[str]:
    if not items or not all(isinstance(item, str) for item in items):
        raise ValueError("names must be text")
    return [str(item) for item in items]


def _sound(item: Mapping[str, Any]) -> tuple[float, float]:
    mean, scale = float(item["mean"]), float(item["scale"])
    if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
        raise ValueError("mean and scale must be finite")
    return mean, scale


def _positions(table: Table, name: str, known: Sequence[str]) -> NDArray[np.int64]:
    index = {label: position for position, label in enumerate(known)}
    cells = table.column(name)
    try:
        return np.array([index[cell] for cell in cells], dtype=np.int64)
    except KeyError:
        row = next(i for i, cell in enumerate(cells) if cell not in index)
        what = f'"{shortened(cells[row])}" was not seen in training' if cells[row] else "the cell is empty"
        raise InputError(f"{table.where(row, name)}: {what} (known: {listed(known)})") from None
