"""Data of a Gen: the adapter that turns rows or a table into validated numbers and labels, and samples back."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._config.checks import integer
from .._config.gen import GenConfig
from .._config.gen_blocks import as_blocks
from .._data.inputs import as_array, as_matrix, check_matrix
from .._data.targets import as_labels
from .deferred_core import raise_unknown_width

Array = NDArray[Any]

AUTO = "auto"
"""Value of `transformer` that creates a TableTransformer at the first fit."""


class GenRows(NamedTuple):
    """Rows in the form that the engine reads, and their labels."""

    X: Array
    labels: Array | None

    @property
    def rows(self) -> int:
        return len(self.X)

    @property
    def arrays(self) -> tuple[Array, Array | None]:
        return self

    def take(self, order: Array) -> GenRows:
        """Return the rows numbered `order`."""
        return GenRows(self.X[order], None if self.labels is None else self.labels[order])

    def fake(self, core: Any, seed: int) -> GenRows:
        """Return equally many samples with the same labels."""
        return GenRows(core.sample(self.rows, self.labels, seed), self.labels)


@dataclass(frozen=True)
class DataAdapter:
    """Turns the user's data into rows and labels for the engine, and generated rows back into the user's form.

    `transformer` is None, a transformer, or "auto" before the first fit.
    """

    config: GenConfig
    transformer: Any = None
    label: str | None = None  # name of the column of labels

    @property
    def label_encoder(self) -> Any:
        """Encoder of the column of labels, if there is one."""
        return None if self.label is None else self.transformer.labels

    def fitted(self, X: Any, y: Any) -> DataAdapter:
        """Return the adapter itself or, before the first fit, one with width, classes and transformer of X and y."""
        if isinstance(y, str) and self.transformer is None:
            raise ValueError(
                f"y: got the column name {y!r} without a transformer; expected labels (or create the Gen with "
                "transformer='auto')"
            )
        if self.config.known:
            return self
        if self.transformer is None:
            shape = as_array(X, "X").shape
            check_matrix(shape, shape[-1] if len(shape) == 2 else 1, "X")
            return DataAdapter(self.config.for_data(shape[1], None, self.config.classes))
        label = y if isinstance(y, str) else None
        transformer = new_transformer(self.transformer).fit(X, label)
        classes = self.config.classes
        if label is not None:
            count = len(transformer.labels.classes)
            if classes not in (None, count):
                raise ValueError(
                    f"y: got column {label!r} with {count} different labels; expected {classes} (classes=)"
                )
            classes = count
        blocks = as_blocks(transformer.blocks)
        return DataAdapter(self.config.for_data(int(transformer.width), blocks, classes), transformer, label)

    def read(self, X: Any, y: Any, name: str = "X", lengths: Any = None) -> GenRows:
        """Validate rows and labels."""
        if lengths is not None:
            raise ValueError(
                "lengths: got a value for a Gen of rows; expected None (lengths belong to sequences)"
            )
        if not self.config.known:
            raise_unknown_width()
        dtype, width = np.dtype(self.config.dtype), self.config.inputs
        if self.transformer is None:
            rows = as_matrix(X, dtype, width, name)
        else:
            encoded = self.transformer.transform(X, seed=self.config.seed)
            rows = as_matrix(encoded, dtype, width, f"transformed {name}")
        return GenRows(rows, self._labels(X, y, len(rows), name.replace("X", "y")))

    def length_counts(self, data: Any) -> list[int] | None:
        """Return the numbers of sequences with 1, 2, … steps; None for rows."""
        return None

    def check_batch_multiple(self, rows: int) -> None:
        """Raise ValueError unless the rows fill packs and groups of minibatch_std."""
        multiple = self.config.batch_multiple
        if rows % multiple:
            raise ValueError(
                f"X: got {rows} rows; expected a multiple of {multiple} (pac times minibatch_std)"
            )

    def missing_labels(self, labels: Array, n_per_class: Any) -> Array:
        """Return the labels, by class, that must be added until each class has `n_per_class` rows."""
        counts = np.bincount(labels, minlength=self.config.classes or 0)
        target = counts.max() if n_per_class is None else integer("n_per_class", n_per_class, 0)
        return np.repeat(np.arange(len(counts)), np.maximum(target - counts, 0))

    def check_labelled(self) -> None:
        """Raise ValueError for a Gen without labels."""
        if not self.config.classes:
            raise ValueError("augment: got a Gen without labels; expected one created with classes=")

    def inverse(self, rows: Array, labels: Array | None) -> Any:
        """Return generated rows in the form of the training data, with the column of labels if there is one."""
        if self.transformer is None:
            return rows
        if self.label_encoder is None:
            return self.transformer.inverse(rows)
        return self.transformer.inverse(rows, labels)

    def sample_labels(self, y: Any, n: int) -> Array:
        """Validate the labels of n samples: one label, or n of them."""
        if not self.config.classes:
            raise ValueError(
                "y: got labels for a Gen without labels; expected None (or create the Gen with classes=)"
            )
        if self.label_encoder is not None:
            labels = np.asarray(self.label_encoder.transform(y))
        else:
            array = as_array(y, "y")
            labels = self._classes(array.reshape(-1), "y") if array.size else np.empty(0, np.int64)
        if np.ndim(y) == 0:
            return np.repeat(labels, n)
        if labels.shape != (n,) or np.ndim(y) != 1:
            raise ValueError(f"y: got shape {np.shape(y)}; expected one label or shape ({n},)")
        return labels

    def _labels(self, X: Any, y: Any, rows: int, name: str) -> Array | None:
        if self.label_encoder is not None:
            if y is not None and not (isinstance(y, str) and y == self.label):
                raise ValueError(
                    f"{name}: got {type(y).__name__} values; expected None or {self.label!r}, the column of labels"
                )
            return np.ascontiguousarray(self.transformer.codes(X), np.int64)
        if isinstance(y, str):
            raise ValueError(
                f"{name}: got {y!r}, but the first fit had no column of labels; expected None or an array"
            )
        if not self.config.classes:
            if y is not None:
                raise ValueError(
                    f"{name}: got labels for a Gen without labels; expected None (or create the Gen with classes=)"
                )
            return None
        if y is None:
            raise ValueError(f"{name}: got None; expected one label per row (classes={self.config.classes})")
        array = as_array(y, name)
        if array.shape not in ((rows,), (rows, 1)):
            raise ValueError(f"{name}: got shape {array.shape}; expected ({rows},), one label per row of X")
        return self._classes(array.reshape(-1), name)

    def _classes(self, array: Array, name: str) -> Array:
        return as_labels(array, self.config.classes or 0, name, of="classes={}")


def new_transformer(transformer: Any) -> Any:
    """Return a transformer to be fitted; the user's object is copied."""
    if transformer != AUTO:
        return copy.deepcopy(transformer)
    from .._tables.transformer import TableTransformer

    return TableTransformer()


def check_transformer(transformer: Any, config: GenConfig) -> Any:
    """Validate the `transformer` of the constructor."""
    if transformer is None:
        return None
    if isinstance(transformer, str):
        if transformer != AUTO:
            raise ValueError(f"transformer: got {transformer!r}; expected 'auto', None or an object")
    else:
        missing = [name for name in ("fit", "transform", "inverse") if not hasattr(transformer, name)]
        if missing:
            raise TypeError(
                f"transformer: got {transformer!r} without {missing[0]}; expected fit, transform and inverse"
            )
    if config.sequences:
        raise ValueError(
            f"transformer: got {transformer!r} for a Gen of sequences; expected None (transformers belong to tables)"
        )
    if config.known:
        raise ValueError(
            "transformer: got one with data_size or with blocks in output_activation; expected only the transformer, "
            "which sets them"
        )
    return transformer
