"""Rows of a Gen at the door: numbers as they come or a table through its transformer, and their labels."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._data.inputs import as_array, as_matrix, check_matrix
from .._data.targets import as_labels
from .blocks import as_blocks
from .config import GenConfig
from .core import refuse

Array = NDArray[Any]

AUTO = "auto"
"""The transformer that is made with the first fit."""


class GenRows(NamedTuple):
    """Rows as the engine reads them, and their labels."""

    X: Array
    labels: Array | None

    @property
    def rows(self) -> int:
        return len(self.X)

    @property
    def arrays(self) -> tuple[Array, Array | None]:
        return self

    def take(self, order: Array) -> GenRows:
        """Some of the rows."""
        return GenRows(self.X[order], None if self.labels is None else self.labels[order])

    def fake(self, core: Any, seed: int) -> GenRows:
        """As many samples, of the same labels."""
        return GenRows(core.sample(self.rows, self.labels, seed), self.labels)


@dataclass(frozen=True)
class Door:
    """What a Gen knows of its data: how wide they are, how a table becomes numbers.

    `transformer` is None, "auto" until the first fit, or what `Gen` says.
    """

    config: GenConfig
    transformer: Any = None
    label: str | None = None  # name of the table's column of labels

    @property
    def names(self) -> Any:
        """The transformer's coding of the column of labels, if there is one."""
        return None if self.label is None else self.transformer.labels

    def opened(self, X: Any, y: Any) -> Door:
        """Itself or, before the first fit, what X and y tell; nothing is changed."""
        if isinstance(y, str) and self.transformer is None:
            raise ValueError(f"y={y!r} names a column, which needs a transformer: make the Gen with 'auto'")
        if self.config.known:
            return self
        if self.transformer is None:
            shape = as_array(X, "X").shape
            check_matrix(shape, shape[-1] if len(shape) == 2 else 1, "X")
            return Door(self.config.for_data(shape[1], None, self.config.classes))
        label = y if isinstance(y, str) else None
        transformer = new_transformer(self.transformer).fit(X, label)
        classes = self.config.classes
        if label is not None:
            found = len(transformer.labels.classes)
            if classes not in (None, found):
                raise ValueError(f"column {label!r} has {found} different labels, classes={classes}")
            classes = found
        blocks = as_blocks(transformer.blocks)
        return Door(self.config.for_data(int(transformer.width), blocks, classes), transformer, label)

    def read(self, X: Any, y: Any, name: str = "X", lengths: Any = None) -> GenRows:
        """Rows and labels, checked."""
        if lengths is not None:
            raise ValueError("lengths is for sequences: this Gen makes rows")
        if not self.config.known:
            refuse()
        dtype, width = np.dtype(self.config.dtype), self.config.inputs
        if self.transformer is None:
            rows = as_matrix(X, dtype, width, name)
        else:
            coded = self.transformer.transform(X, seed=self.config.seed)
            rows = as_matrix(coded, dtype, width, f"transformed {name}")
        return GenRows(rows, self._labels(X, y, len(rows), name.replace("X", "y")))

    def length_counts(self, data: Any) -> list[int] | None:
        """How many sequences of 1, 2, … steps there are; None of rows."""
        return None

    def check_together(self, rows: int) -> None:
        """Refuse rows that fill no pack or group."""
        together = self.config.together
        if rows % together:
            raise ValueError(
                f"X must have a multiple of {together} rows (pack times minibatch_std), got {rows}"
            )

    def lacking(self, labels: Array, n_per_class: Any) -> Array:
        """The labels that are missing until each class has as many, by class."""
        counts = np.bincount(labels, minlength=self.config.classes or 0)
        wanted = counts.max() if n_per_class is None else integer("n_per_class", n_per_class, 0)
        return np.repeat(np.arange(len(counts)), np.maximum(wanted - counts, 0))

    def check_labelled(self) -> None:
        """Refuse to balance classes that there are not."""
        if not self.config.classes:
            raise ValueError("augment balances classes, and this Gen knows no labels; make it with classes=")

    def back(self, rows: Array, labels: Array | None) -> Any:
        """Rows of the generator as they came in, the column of labels among them."""
        if self.transformer is None:
            return rows
        if self.names is None:
            return self.transformer.inverse(rows)
        return self.transformer.inverse(rows, labels)

    def asked_labels(self, y: Any, n: int) -> Array:
        """Labels that samples are asked for: one, or n."""
        if not self.config.classes:
            raise ValueError("y was given, but this Gen knows no labels; make it with classes=")
        if self.names is not None:
            found = np.asarray(self.names.transform(y))
        else:
            array = as_array(y, "y")
            found = self._classes(array.reshape(-1), "y") if array.size else np.empty(0, np.int64)
        if np.ndim(y) == 0:
            return np.repeat(found, n)
        if found.shape != (n,) or np.ndim(y) != 1:
            raise ValueError(f"y must be one label or {n} of them, got shape {np.shape(y)}")
        return found

    def _labels(self, X: Any, y: Any, rows: int, name: str) -> Array | None:
        if self.names is not None:
            if y is not None and not (isinstance(y, str) and y == self.label):
                raise ValueError(f"{name} must be {self.label!r} or None: that column holds the labels")
            return np.ascontiguousarray(self.transformer.codes(X), np.int64)
        if isinstance(y, str):
            raise ValueError(f"{name}={y!r}: the transformer was fitted without a column of labels")
        if not self.config.classes:
            if y is not None:
                raise ValueError(f"{name} was given, but this Gen knows no labels; make it with classes=")
            return None
        if y is None:
            raise ValueError(f"{name} is missing: this Gen has classes={self.config.classes}, a label a row")
        array = as_array(y, name)
        if array.shape not in ((rows,), (rows, 1)):
            raise ValueError(f"{name} must have shape ({rows},), one label a row of X; got {array.shape}")
        return self._classes(array.reshape(-1), name)

    def _classes(self, array: Array, name: str) -> Array:
        return as_labels(array, self.config.classes or 0, name, of="classes={}")


def new_transformer(given: Any) -> Any:
    """One to be fitted; what the user made stays as it is."""
    if given != AUTO:
        return copy.deepcopy(given)
    from .._tables.transformer import TableTransformer

    return TableTransformer()


def check_transformer(given: Any, config: GenConfig) -> Any:
    """The argument of the constructor."""
    if given is None:
        return None
    if isinstance(given, str):
        if given != AUTO:
            raise ValueError(f"transformer must be 'auto', None or an object, got {given!r}")
    else:
        lacking = [name for name in ("fit", "transform", "inverse") if not hasattr(given, name)]
        if lacking:
            raise TypeError(f"transformer must have fit, transform and inverse; {given!r} lacks {lacking[0]}")
    if config.sequences:
        raise ValueError("transformer is for tables: sequences are numbers or tokens as they come")
    if config.known:
        raise ValueError(
            "data_size and output_activation's blocks follow from the transformer: leave them out"
        )
    return given
