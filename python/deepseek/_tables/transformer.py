"""TableTransformer: encodes the rows of any table as rows of numbers for a generator, and decodes them.

`columns` encodes a single column; `frames` reads and builds tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.model import as_seed
from .._rng_streams import COLUMN
from .._sampling import uniform
from . import frames
from .categories import Categories
from .columns import column_from_config, is_categorical
from .frames import Table
from .labels import LabelColumn
from .numbers import Numbers
from .raw import Config, Name, RawColumn, column_label

Array = NDArray[np.float64]


class TableTransformer:
    """Encoder of the rows of a table, as in CTGAN (Xu et al. 2019).

    A column of numbers becomes its position within a mode of a mixture and that mode, one-hot. A column of
    categories becomes one-hot. Decoding restores missing values, ranges, decimal places, dtypes, categories
    and the kind of table. Dates are numbers of their unit.

    Parameters
    ----------
    categorical : iterable of str or int, optional
        Names (frames) or numbers (arrays) of the numeric columns that are categories. Default: the columns
        with at most ten different values, each of which occurs five times on average. Text and booleans are
        always categories.
    integer : iterable of str or int, optional
        Names or numbers of the columns of floats that hold whole numbers; default: none. They are never
        detected as categories. Columns of integer dtype need not be named.

    Attributes
    ----------
    blocks : list of dict
        Output blocks of a generator, in order: activation, units, alpha, temperature, hard.
    width : int
        Number of columns of encoded rows.
    names : list
        Names (frames) or numbers (arrays) of the columns, without the column of labels.
    labels : LabelColumn or None
        Encoder of the column of labels, if `fit` was called with y.
    """

    def __init__(
        self, *, categorical: Iterable[Name] | None = None, integer: Iterable[Name] | None = None
    ) -> None:
        self.categorical = None if categorical is None else _listed("categorical", categorical)
        self.integer = None if integer is None else _listed("integer", integer)
        self.labels: LabelColumn | None = None
        self._columns: list[Categories | Numbers] = []

    def fit(self, X: Any, y: Name | None = None) -> TableTransformer:
        """Determine the encoding of a table's columns.

        Parameters
        ----------
        X : array, list of rows, structured array, dictionary of columns, or frame of pandas or polars
            Table of real rows.
        y : str or int, optional
            Name or number of the column that holds labels; it is not part of the encoded rows. Default: none.

        Returns
        -------
        TableTransformer
            The transformer itself.

        Raises
        ------
        TypeError, ValueError
            For a table or a column that cannot be encoded; the message names it, and the transformer is
            unchanged.
        """
        table = frames.read(X)
        names = [raw.name for raw in table.columns]
        for argument, listed in (
            ("y", [] if y is None else [y]),
            ("categorical", self.categorical),
            ("integer", self.integer),
        ):
            for name in listed or []:
                if name not in names:
                    raise ValueError(f"{argument}: got {name!r}; expected a column of X: {_some(names)}")
        both = set(self.categorical or []) & set(self.integer or [])
        if both:
            raise ValueError(f"categorical, integer: got {both.pop()!r} in both; expected it in one of them")
        kept = [raw for raw in table.columns if raw.name != y or y is None]
        columns = [self._fit_column(raw) for raw in kept]
        if not any(column.blocks for column in columns):
            raise ValueError("X: got only constant columns; expected at least one that varies")
        labels = None
        if y is not None:
            raw = table.columns[names.index(y)]
            library = table.container["kind"]
            labels = LabelColumn(column_label(y)).fit_raw(
                raw, library if library in ("pandas", "polars") else "array"
            )
        self._container, self._columns, self.labels = table.container, columns, labels
        self._stored = [raw.stored for raw in table.columns]
        self._names, self._label = names, None if y is None else names.index(y)
        return self

    def _fit_column(self, raw: RawColumn) -> Categories | Numbers:
        integer = raw.name in (self.integer or [])
        if integer and raw.family == "values" and len(raw.present):
            raise TypeError(
                f"{column_label(raw.name)}: got text or booleans; expected whole numbers (integer names the column)"
            )
        declared = raw.name in (self.categorical or [])
        detected = not integer and self.categorical is None and is_categorical(raw)
        if declared or detected or raw.family == "values" or len(np.unique(raw.present)) <= 1:
            return Categories.fit(raw, raw.stored.get("categories"))
        return Numbers.fit(raw, integer)

    @property
    def names(self) -> list[Name]:
        """Names or numbers of the columns, without the column of labels."""
        return [name for i, name in enumerate(self._names) if i != self._label]

    @property
    def blocks(self) -> list[Config]:
        """Output blocks of a generator, in order."""
        return [block for column in self._columns for block in column.blocks]

    @property
    def width(self) -> int:
        """Number of columns of encoded rows."""
        return sum(block["units"] for block in self.blocks)

    def transform(self, X: Any, seed: int = 0) -> Array:
        """Encode rows.

        Parameters
        ----------
        X : table
            Table of the kind that `fit` saw. Columns of frames and dictionaries are found by name, in any
            order; the column of labels may be left out.
        seed : int, default=0
            Seed of the choice between modes that contain the same value. The draws of a row do not depend on
            the other rows.

        Returns
        -------
        ndarray of float64, shape (rows, width)
            Encoded rows.

        Raises
        ------
        TypeError, ValueError
            For columns or values that `fit` did not see; the message names them.
        """
        seed = as_seed(seed)
        table = self._read(X)
        rows = np.empty((table.rows, self.width))
        start = 0
        for i, column in enumerate(self._columns):
            raw = table.columns[i]
            part = column.encode(raw, lambda: uniform(seed, 0, table.rows, purpose=COLUMN, stream=i))  # noqa: B023
            rows[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return rows

    def codes(self, X: Any) -> NDArray[np.int64]:
        """Encode the column of labels of a table.

        Parameters
        ----------
        X : table
            Table of the kind that `fit` saw, with the column of labels.

        Returns
        -------
        ndarray of int64, shape (rows,)
            Classes 0 to C - 1.

        Raises
        ------
        ValueError
            If there is no column of labels, or a label is unknown.
        """
        if self.labels is None or self._label is None:
            raise ValueError("codes: got a transformer fitted without labels; expected one fitted with y=")
        name = self._names[self._label]
        for raw in self._ordered(frames.read(X)):
            if raw.name == name:
                return self.labels.codes(raw)
        raise ValueError(f"X: got no {column_label(name)}; expected it, as it holds the labels")

    def inverse(self, rows: Any, codes: Any = None) -> Any:
        """Decode rows.

        Parameters
        ----------
        rows : array-like of shape (rows, width)
            Encoded rows; the largest entry of a one-hot block is taken.
        codes : array-like of int, shape (rows,), optional
            Classes of the column of labels; default: the table has no column of labels.

        Returns
        -------
        array, structured array, dictionary or frame
            Table of the kind that `fit` saw, with its columns in its order and of its dtypes. A frame has a
            new index.

        Raises
        ------
        ValueError
            For rows of another shape or not finite, and for invalid codes.
        """
        rows = np.asarray(rows, np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"rows: got shape {rows.shape}; expected (rows, {self.width})")
        if not np.isfinite(rows).all():
            i, j = (int(k) for k in np.argwhere(~np.isfinite(rows))[0])
            raise ValueError(f"rows: got {rows[i, j]} in row {i}, column {j}; expected finite numbers")
        decoded = []
        start = 0
        for column in self._columns:
            units = sum(block["units"] for block in column.blocks)
            decoded.append(column.decode(rows[:, start : start + units]))
            start += units
        indices = [i for i in range(len(self._names)) if i != self._label]
        if codes is not None:
            if self.labels is None or self._label is None:
                raise ValueError("codes: got values, but fit had no column of labels; expected None")
            if len(codes) != len(rows):
                raise ValueError(f"codes: got {len(codes)}; expected {len(rows)}, one per row")
            decoded.insert(self._label, self.labels.raw_values(codes))
            indices = list(range(len(self._names)))
        columns = []
        for i, (values, missing) in zip(indices, decoded, strict=True):
            columns.append((RawColumn(self._names[i], values, missing, self._stored[i]), values, missing))
        return frames.build(self._container, columns)

    def _read(self, X: Any) -> Table:
        """Return the table's columns in the order of the fit, without the column of labels."""
        if not self._columns:
            raise ValueError(
                "TableTransformer: got X before fit; expected a fitted transformer (call fit first)"
            )
        table = frames.read(X)
        ordered = self._ordered(table)
        label = None if self._label is None else self._names[self._label]
        kept = [raw for raw in ordered if label is None or raw.name != label]
        if len(kept) != len(self.names):
            raise ValueError(f"X: got {len(kept)} columns; expected {len(self.names)}, as at fit")
        return Table(table.container, kept)

    def _ordered(self, table: Table) -> list[RawColumn]:
        by_number = self._container["kind"] == "array"
        if by_number != (table.container["kind"] == "array"):
            fitted, got = ("an array", "named columns") if by_number else ("named columns", "an array")
            raise ValueError(f"X: got {got}; expected {fitted}, as at fit")
        if by_number:
            count = len(table.columns)
            if self._label is not None and count == len(self._names) - 1:
                return [
                    RawColumn(name, raw.values, raw.missing, raw.stored)
                    for name, raw in zip(self.names, table.columns, strict=True)
                ]
            if count != len(self._names):
                raise ValueError(f"X: got {count} columns; expected {len(self._names)}, as at fit")
            return table.columns
        by_name = {raw.name: raw for raw in table.columns}
        lacking = [name for name in self.names if name not in by_name]
        unknown = [name for name in by_name if name not in self._names]
        if lacking or unknown:
            got = f"no column {_some(lacking)}" if lacking else f"the unknown column {_some(unknown)}"
            raise ValueError(f"X: got {got}; expected the columns of fit: {_some(self._names)}")
        return [by_name[name] for name in self._names if name in by_name]

    def __repr__(self) -> str:
        if not self._columns:
            return "TableTransformer(not fitted)"
        return f"TableTransformer({len(self._columns)} columns as {self.width} numbers)"

    def to_config(self) -> Config:
        """Return a plain dictionary from which `from_config` restores the transformer."""
        return {
            "container": self._container,
            "names": [*self._names],
            "stored": [*self._stored],
            "columns": [column.to_config() for column in self._columns],
            "label": self._label,
            "labels": None if self.labels is None else self.labels.to_config(),
            "categorical": self.categorical,
            "integer": self.integer,
        }

    @staticmethod
    def from_config(config: Any) -> TableTransformer:
        """Return the transformer that `to_config` wrote; raise ValueError for anything else."""
        keys = {"container", "names", "stored", "columns", "label", "labels", "categorical", "integer"}
        if not isinstance(config, dict) or set(config) != keys:
            got = sorted(config) if isinstance(config, dict) else type(config).__name__
            raise ValueError(f"transformer: got {got}; expected a dictionary of {', '.join(sorted(keys))}")
        for key in ("names", "stored", "columns"):
            if not isinstance(config[key], list):
                raise ValueError(f"transformer: got {key}={config[key]!r:.60}; expected a list")
        for key in ("categorical", "integer"):
            if config[key] is not None and not isinstance(config[key], list):
                raise ValueError(f"transformer: got {key}={config[key]!r:.60}; expected a list or None")
        result = TableTransformer(categorical=config["categorical"], integer=config["integer"])
        result._container = frames.check_container(config["container"])
        result._names = frames.check_names(config["names"], "transformer")
        result._stored = [
            frames.check_stored(result._container["kind"], stored) for stored in config["stored"]
        ]
        result._columns = [column_from_config(column) for column in config["columns"]]
        result._label, count = config["label"], len(result._names)
        if result._label is not None and (type(result._label) is not int or not 0 <= result._label < count):
            raise ValueError(
                f"transformer: got label={result._label!r}; expected None or a column, 0 to {count - 1}"
            )
        if (result._label is None) != (config["labels"] is None):
            raise ValueError(
                "transformer: got label without labels or labels without label; expected both or none"
            )
        if len(result._stored) != count or len(result._columns) != count - (result._label is not None):
            raise ValueError(
                f"transformer: got {count} names, {len(result._stored)} stored and {len(result._columns)} columns; "
                "expected one of each per column"
            )
        result.labels = None if config["labels"] is None else LabelColumn.from_config(config["labels"])
        if not result.blocks:
            raise ValueError("transformer: got only constant columns; expected at least one that varies")
        return result


def _listed(argument: str, names: Iterable[Name]) -> list[Name]:
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{argument}: got {names!r}; expected a list of column names")
    listed = [item.item() if isinstance(item, np.generic) else item for item in names]
    for item in listed:
        if not isinstance(item, (str, int)) or isinstance(item, bool):
            raise TypeError(f"{argument}: got {item!r}; expected column names")
    return listed


def _some(names: Iterable[Any]) -> str:
    listed = [repr(name) for name in names]
    return ", ".join(listed[:10]) + (", …" if len(listed) > 10 else "")
