"""Encoding of labels of any kind as classes 0 to C - 1, and decoding to the original type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .categories import Categories
from .columns import column_from_config
from .frames import build_values, check_stored, read_values
from .raw import Config, RawColumn


class LabelColumn:
    """Encoder of labels: text, numbers, booleans or categories in an array, a list or the Series of a frame.

    Parameters
    ----------
    name : str, default="y"
        Name of the labels in error messages.

    Attributes
    ----------
    classes : list
        Label of each class, ascending; declared categories in their order.
    name : str
        Name of the labels in error messages.
    """

    def __init__(self, name: str = "y") -> None:
        self.name = name

    def fit(self, y: Any) -> LabelColumn:
        """Determine the classes.

        Parameters
        ----------
        y : array-like of shape (rows,)
            Labels, none of them missing.

        Returns
        -------
        LabelColumn
            The encoder itself.

        Raises
        ------
        TypeError, ValueError
            For a missing label, no labels, or labels of an unsupported type.
        """
        self._library, raw = read_values(y, self.name)
        return self._fit(raw)

    def fit_raw(self, raw: RawColumn, library: str) -> LabelColumn:
        """Determine the classes from a column of a table that was already read."""
        self._library = library
        return self._fit(raw)

    def _fit(self, raw: RawColumn) -> LabelColumn:
        if raw.missing.any():
            row = int(np.argmax(raw.missing))
            raise ValueError(f"{self.name}: got a missing label in row {row}; expected a label in every row")
        if not len(raw.values):
            raise ValueError(f"{self.name}: got no labels; expected at least one")
        self._stored = raw.stored
        self._column = Categories.fit(raw, raw.stored.get("categories"))
        return self

    @property
    def classes(self) -> list[Any]:
        """Label of each class."""
        return [*self._column.categories]

    def transform(self, y: Any) -> NDArray[np.int64]:
        """Encode labels.

        Parameters
        ----------
        y : label or array-like of shape (rows,)
            Labels; a single label counts as a list of one.

        Returns
        -------
        ndarray of int64, shape (rows,)
            Classes 0 to C - 1.

        Raises
        ------
        ValueError
            For a label that `fit` did not see.
        """
        if isinstance(y, (str, bytes)) or np.ndim(y) == 0:
            y = [y]
        return self._column.codes(read_values(y, self.name)[1])

    def codes(self, raw: RawColumn) -> NDArray[np.int64]:
        """Encode a column of a table that was already read."""
        return self._column.codes(raw)

    def inverse(self, codes: Any) -> Any:
        """Decode classes.

        Parameters
        ----------
        codes : array-like of int, shape (rows,)
            Classes 0 to C - 1.

        Returns
        -------
        ndarray or Series of shape (rows,)
            Labels, in the library and dtype of the labels that `fit` saw.
        """
        return build_values(self._library, *self.raw_values(codes), self._stored)

    def raw_values(self, codes: Any) -> tuple[Any, Any]:
        """Return (values, missing) of classes for a column of a table."""
        codes = np.asarray(codes)
        count = len(self._column.categories)
        if (
            codes.ndim != 1
            or codes.dtype.kind not in "iu"
            or (codes.size and not 0 <= codes.min() <= codes.max() < count)
        ):
            raise ValueError(
                f"codes: got {codes.dtype} of shape {codes.shape}; expected whole numbers from 0 to {count - 1}, one "
                "per row"
            )
        return self._column.values(codes)

    def to_config(self) -> Config:
        """Return a plain dictionary for a file."""
        return {
            "name": self.name,
            "library": self._library,
            "stored": self._stored,
            "column": self._column.to_config(),
        }

    @staticmethod
    def from_config(config: Any) -> LabelColumn:
        """Return the encoder that `to_config` wrote; raise ValueError for anything else."""
        if not isinstance(config, dict) or set(config) != {"name", "library", "stored", "column"}:
            got = sorted(config) if isinstance(config, dict) else type(config).__name__
            raise ValueError(f"labels: got {got}; expected a dictionary of name, library, stored and column")
        if config["library"] not in ("array", "pandas", "polars"):
            raise ValueError(f"labels' library: got {config['library']!r}; expected array, pandas or polars")
        labels = LabelColumn(str(config["name"]))
        labels._library = config["library"]
        labels._stored = check_stored(labels._library, config["stored"])
        column = column_from_config(config["column"])
        if not isinstance(column, Categories) or column.optional or not column.categories:
            raise ValueError(
                "labels' column: got numbers or optional values; expected categories, none missing"
            )
        labels._column = column
        return labels
